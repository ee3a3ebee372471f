namespace Nvg.Torch;

// Element-wise arithmetic and comparison, matrix products.
public sealed partial class Tensor
{
    private static readonly Operator AddOp = new("aten::add", "Tensor");
    private static readonly Operator AddScalarOp = new("aten::add", "Scalar");
    private static readonly Operator SubOp = new("aten::sub", "Tensor");
    private static readonly Operator RsubScalarOp = new("aten::rsub", "Scalar");
    private static readonly Operator MulOp = new("aten::mul", "Tensor");
    private static readonly Operator MulScalarOp = new("aten::mul", "Scalar");
    private static readonly Operator DivOp = new("aten::div", "Tensor");
    private static readonly Operator DivScalarOp = new("aten::div", "Scalar");
    private static readonly Operator AddInPlaceOp = new("aten::add_", "Tensor");
    private static readonly Operator AddScalarInPlaceOp = new("aten::add_", "Scalar");
    private static readonly Operator MulInPlaceOp = new("aten::mul_", "Tensor");
    private static readonly Operator MulScalarInPlaceOp = new("aten::mul_", "Scalar");
    private static readonly Operator FillOp = new("aten::fill_", "Scalar");
    private static readonly Operator NegOp = new("aten::neg");
    private static readonly Operator ExpOp = new("aten::exp");
    private static readonly Operator LogOp = new("aten::log");
    private static readonly Operator SqrtOp = new("aten::sqrt");
    private static readonly Operator RsqrtOp = new("aten::rsqrt");
    private static readonly Operator SquareOp = new("aten::square");
    private static readonly Operator AbsOp = new("aten::abs");
    private static readonly Operator SinOp = new("aten::sin");
    private static readonly Operator CosOp = new("aten::cos");
    private static readonly Operator SigmoidOp = new("aten::sigmoid");
    private static readonly Operator ErfOp = new("aten::erf");
    private static readonly Operator ErfInverseOp = new("aten::erfinv");
    private static readonly Operator PowOp = new("aten::pow", "Tensor_Scalar");
    private static readonly Operator ClampOp = new("aten::clamp");
    private static readonly Operator MatmulOp = new("aten::matmul");
    private static readonly Operator LessOp = new("aten::lt", "Tensor");
    private static readonly Operator LessScalarOp = new("aten::lt", "Scalar");
    private static readonly Operator LessEqualOp = new("aten::le", "Tensor");
    private static readonly Operator GreaterOp = new("aten::gt", "Tensor");
    private static readonly Operator GreaterScalarOp = new("aten::gt", "Scalar");
    private static readonly Operator EqualOp = new("aten::eq", "Tensor");
    private static readonly Operator EqualScalarOp = new("aten::eq", "Scalar");
    private static readonly Operator WhereOp = new("aten::where", "self");
    private static readonly Operator MaskedFillOp = new("aten::masked_fill", "Scalar");
    private static readonly Operator IsFiniteOp = new("aten::isfinite");
    private static readonly Operator FloorOp = new("aten::floor");
    private static readonly Operator RemainderOp = new("aten::remainder", "Scalar");
    private static readonly Operator DivModeOp = new("aten::div", "Scalar_mode");

    /// <summary>Element-wise sum.</summary>
    public static Tensor operator +(Tensor left, Tensor right) => AddOp.Call(left, right);

    /// <summary>Sum with a number.</summary>
    public static Tensor operator +(Tensor left, double right) => AddScalarOp.Call(left, right);

    /// <summary>Sum with an integer; integer tensors stay integers.</summary>
    public static Tensor operator +(Tensor left, long right) => AddScalarOp.Call(left, right);

    /// <summary>Element-wise difference.</summary>
    public static Tensor operator -(Tensor left, Tensor right) => SubOp.Call(left, right);

    /// <summary>Difference with a number.</summary>
    public static Tensor operator -(Tensor left, double right) => AddScalarOp.Call(left, -right);

    /// <summary>Difference with an integer; integer tensors stay integers.</summary>
    public static Tensor operator -(Tensor left, long right) => AddScalarOp.Call(left, -right);

    /// <summary>An integer minus a tensor; integer tensors stay integers.</summary>
    public static Tensor operator -(long left, Tensor right) => RsubScalarOp.Call(right, left);

    /// <summary>A number minus a tensor.</summary>
    public static Tensor operator -(double left, Tensor right) => RsubScalarOp.Call(right, left);

    /// <summary>The negative.</summary>
    public static Tensor operator -(Tensor tensor) => NegOp.Call(tensor);

    /// <summary>Element-wise product.</summary>
    public static Tensor operator *(Tensor left, Tensor right) => MulOp.Call(left, right);

    /// <summary>Product with a number.</summary>
    public static Tensor operator *(Tensor left, double right) => MulScalarOp.Call(left, right);

    /// <summary>Product with a number.</summary>
    public static Tensor operator *(double left, Tensor right) => MulScalarOp.Call(right, left);

    /// <summary>Product with an integer; integer tensors stay integers.</summary>
    public static Tensor operator *(Tensor left, long right) => MulScalarOp.Call(left, right);

    /// <summary>Element-wise quotient.</summary>
    public static Tensor operator /(Tensor left, Tensor right) => DivOp.Call(left, right);

    /// <summary>Quotient by a number.</summary>
    public static Tensor operator /(Tensor left, double right) => DivScalarOp.Call(left, right);

    /// <summary>Adds <paramref name="factor"/> × <paramref name="other"/> in place.</summary>
    public void AddInPlace(Tensor other, double factor = 1) => AddInPlaceOp.Run(this, other, factor);

    /// <summary>Adds a number in place.</summary>
    public void AddInPlace(double value) => AddScalarInPlaceOp.Run(this, value);

    /// <summary>Multiplies in place.</summary>
    public void MultiplyInPlace(Tensor other) => MulInPlaceOp.Run(this, other);

    /// <summary>Multiplies by a number in place.</summary>
    public void MultiplyInPlace(double factor) => MulScalarInPlaceOp.Run(this, factor);

    /// <summary>Sets every element to a number.</summary>
    public void FillInPlace(double value) => FillOp.Run(this, value);

    /// <summary>e to the power of each element.</summary>
    public Tensor Exp() => ExpOp.Call(this);

    /// <summary>Natural logarithm.</summary>
    public Tensor Log() => LogOp.Call(this);

    /// <summary>Square root.</summary>
    public Tensor Sqrt() => SqrtOp.Call(this);

    /// <summary>One over the square root.</summary>
    public Tensor Rsqrt() => RsqrtOp.Call(this);

    /// <summary>The square.</summary>
    public Tensor Square() => SquareOp.Call(this);

    /// <summary>The absolute value.</summary>
    public Tensor Abs() => AbsOp.Call(this);

    /// <summary>Sine of radians.</summary>
    public Tensor Sin() => SinOp.Call(this);

    /// <summary>Cosine of radians.</summary>
    public Tensor Cos() => CosOp.Call(this);

    /// <summary>1 / (1 + e^−x).</summary>
    public Tensor Sigmoid() => SigmoidOp.Call(this);

    /// <summary>The error function.</summary>
    public Tensor Erf() => ErfOp.Call(this);

    /// <summary>The inverse of the error function.</summary>
    public Tensor ErfInverse() => ErfInverseOp.Call(this);

    /// <summary>A power of each element.</summary>
    public Tensor Pow(double exponent) => PowOp.Call(this, exponent);

    /// <summary>Rounded down to an integer.</summary>
    public Tensor Floor() => FloorOp.Call(this);

    /// <summary>Remainder with the sign of the divisor; integers stay integers.</summary>
    public Tensor Remainder(long divisor) => RemainderOp.Call(this, divisor);

    /// <summary>Quotient rounded down; integers stay integers.</summary>
    public Tensor FloorDivide(long divisor) => DivModeOp.Call(this, divisor, "floor");

    /// <summary>Clamps each element to a range; null means no bound.</summary>
    public Tensor Clamp(double? minimum, double? maximum) =>
        ClampOp.Call(this, minimum is { } low ? low : Argument.None, maximum is { } high ? high : Argument.None);

    /// <summary>Matrix product with broadcasting over leading dimensions.</summary>
    public Tensor Matmul(Tensor other) => MatmulOp.Call(this, other);

    /// <summary>Whether each element is smaller.</summary>
    public Tensor IsLess(Tensor other) => LessOp.Call(this, other);

    /// <summary>Whether each element is smaller than a number.</summary>
    public Tensor IsLess(double value) => LessScalarOp.Call(this, value);

    /// <summary>Whether each element is smaller than or equal to the other.</summary>
    public Tensor IsLessOrEqual(Tensor other) => LessEqualOp.Call(this, other);

    /// <summary>Whether each element is larger.</summary>
    public Tensor IsGreater(Tensor other) => GreaterOp.Call(this, other);

    /// <summary>Whether each element is larger than a number.</summary>
    public Tensor IsGreater(double value) => GreaterScalarOp.Call(this, value);

    /// <summary>Whether elements are equal.</summary>
    public Tensor IsEqual(Tensor other) => EqualOp.Call(this, other);

    /// <summary>Whether elements equal a number.</summary>
    public Tensor IsEqual(double value) => EqualScalarOp.Call(this, value);

    /// <summary>Whether elements are finite: neither infinite nor NaN.</summary>
    public Tensor IsFinite() => IsFiniteOp.Call(this);

    /// <summary>Elements of <paramref name="chosen"/> where this mask is true, elements of <paramref name="other"/> elsewhere.</summary>
    public Tensor Where(Tensor chosen, Tensor other) => WhereOp.Call(this, chosen, other);

    /// <summary>The elements, replaced by a number where <paramref name="mask"/> is true.</summary>
    public Tensor MaskedFill(Tensor mask, double value) => MaskedFillOp.Call(this, mask, value);
}
