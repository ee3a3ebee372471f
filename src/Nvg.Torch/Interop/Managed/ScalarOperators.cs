using System.Collections.Frozen;

namespace Nvg.Torch.Interop.Managed;

/// <summary>An operator composed of other operators.</summary>
/// <param name="arguments">The arguments; borrowed.</param>
/// <returns>The single result.</returns>
internal delegate NativeValue ComposedOperator(ReadOnlySpan<NativeValue> arguments);

/// <summary>
/// Operators with arguments of type <c>Scalar</c> or <c>Generator</c>, which the stable interface does not support. Most have an overload
/// that takes the number as a zero-dimensional tensor; the others are composed.
/// </summary>
internal static unsafe class ScalarOperators
{
    private static readonly StableOperator ClampTensor = new(OperatorTable.Find("clamp.Tensor")!);

    private static readonly FrozenDictionary<string, ComposedOperator> All = new Dictionary<string, ComposedOperator>
    {
        ["mul.Scalar"] = WithNumber("mul.Tensor", 1),
        ["mul_.Scalar"] = WithNumber("mul_.Tensor", 1),
        ["div.Scalar"] = WithNumber("div.Tensor", 1),
        ["div.Scalar_mode"] = WithNumber("div.Tensor_mode", 1),
        ["remainder.Scalar"] = WithNumber("remainder.Tensor", 1),
        ["pow.Tensor_Scalar"] = WithNumber("pow.Tensor_Tensor", 1),
        ["lt.Scalar"] = WithNumber("lt.Tensor", 1),
        ["gt.Scalar"] = WithNumber("gt.Tensor", 1),
        ["eq.Scalar"] = WithNumber("eq.Tensor", 1),
        ["fill_.Scalar"] = WithNumber("fill_.Tensor", 1),
        ["masked_fill.Scalar"] = WithNumber("masked_fill.Tensor", 2),
        ["clamp"] = Clamp,
        ["add.Tensor"] = Sums.Add,
        ["add.Scalar"] = Sums.Add,
        ["add_.Tensor"] = Sums.AddInPlace,
        ["add_.Scalar"] = Sums.AddInPlace,
        ["sub.Tensor"] = Sums.Subtract,
        ["rsub.Scalar"] = Sums.SubtractFrom,
        ["addmm"] = Sums.AddProduct,
        ["addmm_"] = Sums.AddProductInPlace,
        ["index_add_"] = Sums.AddRows,
        ["full"] = Fills.Full,
        ["arange.start_step"] = Fills.Range,
        ["rand.generator"] = Fills.Uniform,
        ["randn.generator"] = Fills.Normal,
        ["constant_pad_nd"] = Pad(),
        ["_local_scalar_dense"] = Item,
    }.ToFrozenDictionary();

    /// <summary>The names, with their overloads.</summary>
    internal static IEnumerable<string> Names => All.Keys;

    /// <summary>Finds an operator by name, such as <c>mul.Scalar</c>; null if it is not one of these.</summary>
    internal static ComposedOperator? Find(string name) => All.GetValueOrDefault(name);

    private static ComposedOperator WithNumber(string sibling, int position)
    {
        var target = new StableOperator(OperatorTable.Find(sibling)!);
        return arguments =>
        {
            using OwnedTensor number = Number.Beside(arguments[position], (nint)arguments[0].Payload);
            return OwnedTensor.ValueOf(target.CallOne([.. arguments[..position], number.Value, .. arguments[(position + 1)..]]));
        };
    }

    private static NativeValue Clamp(ReadOnlySpan<NativeValue> a)
    {
        bool low = a[1].Kind != ValueKind.None, high = a.Length > 2 && a[2].Kind != ValueKind.None;
        nint self = (nint)a[0].Payload;
        using OwnedTensor minimum = Number.Beside(low ? a[1] : a[2], self), maximum = Number.Beside(high ? a[2] : a[1], self);
        return OwnedTensor.ValueOf(ClampTensor.CallOne(a[0], low ? minimum.Value : default, high ? maximum.Value : default));
    }

    private static ComposedOperator Pad()
    {
        var pad = new StableOperator(OperatorTable.Find("pad")!);
        return a => a.Length == 2
            ? OwnedTensor.ValueOf(pad.CallOne(a[0], a[1]))
            : throw new DoorException(NativeStatus.Argument, "the managed door supports only zero padding");
    }

    private static NativeValue Item(ReadOnlySpan<NativeValue> a)
    {
        nint tensor = (nint)a[0].Payload;
        if (OwnedTensor.TypeOf(tensor).IsFloatingPoint())
        {
            double value;
            StableExports.Check(StableExports.aoti_torch_item_float64(tensor, &value));
            return new NativeValue { Kind = ValueKind.Double, Payload = BitConverter.DoubleToInt64Bits(value) };
        }

        long whole;
        StableExports.Check(StableExports.aoti_torch_item_int64(tensor, &whole));
        return new NativeValue { Kind = ValueKind.Int, Payload = whole };
    }
}
