namespace Nvg.Torch.Interop.Managed;

/// <summary>
/// Sums and differences of two tensors. Among operators with a factor, the stable interface has only one that every device supports:
/// subtraction. a + f·b is computed as a − (−f)·b by the same kernel.
/// </summary>
internal static unsafe class Sums
{
    private static readonly StableOperator Copy = new(OperatorTable.Find("copy_")!);
    private static readonly StableOperator Matmul = new(OperatorTable.Find("matmul")!);
    private static readonly StableOperator Multiply = new(OperatorTable.Find("mul.Tensor")!);
    private static readonly StableOperator Broadcast = new(OperatorTable.Find("broadcast_tensors")!);
    private static readonly StableOperator Stack = new(OperatorTable.Find("stack")!);
    private static readonly StableOperator SumOver = new(OperatorTable.Find("sum.dim_IntList")!);
    private static readonly StableOperator Put = new(OperatorTable.Find("index_put_")!);

    // From narrowest to widest; signed and unsigned 8-bit integers promote to 16 bits.
    private static readonly ScalarType[] Integers =
        [ScalarType.Bool, ScalarType.UInt8, ScalarType.Int8, ScalarType.Int16, ScalarType.Int32, ScalarType.Int64];

    /// <summary>self + alpha · other (<c>add.Tensor</c>, <c>add.Scalar</c>).</summary>
    internal static NativeValue Add(ReadOnlySpan<NativeValue> a) => Combine(a, a[0], a[1], Number.Of(a, 2, 1));

    /// <summary>self − alpha · other (<c>sub.Tensor</c>).</summary>
    internal static NativeValue Subtract(ReadOnlySpan<NativeValue> a) => Combine(a, a[0], a[1], -Number.Of(a, 2, 1));

    /// <summary>other − alpha · self, where other is a number (<c>rsub.Scalar</c>).</summary>
    internal static NativeValue SubtractFrom(ReadOnlySpan<NativeValue> a)
    {
        using OwnedTensor number = Number.Beside(a[1], (nint)a[0].Payload);
        return OwnedTensor.ValueOf(Combine(number.Handle, (nint)a[0].Payload, -Number.Of(a, 2, 1)));
    }

    /// <summary>The sum, computed in place (<c>add_.Tensor</c>, <c>add_.Scalar</c>).</summary>
    internal static NativeValue AddInPlace(ReadOnlySpan<NativeValue> a)
    {
        using var sum = new OwnedTensor((nint)Add(a).Payload);
        return OwnedTensor.ValueOf(Copy.CallOne(a[0], sum.Value));
    }

    /// <summary>beta · self + alpha · left right (<c>addmm</c>).</summary>
    internal static NativeValue AddProduct(ReadOnlySpan<NativeValue> a)
    {
        using var product = new OwnedTensor(Matmul.CallOne(a[1], a[2]));
        var beta = new NativeValue { Kind = ValueKind.Double, Payload = BitConverter.DoubleToInt64Bits(Number.Of(a, 3, 1)) };
        using OwnedTensor factor = Number.Beside(beta, (nint)a[0].Payload);
        using var scaled = new OwnedTensor(Multiply.CallOne(a[0], factor.Value));
        return OwnedTensor.ValueOf(Combine(scaled.Handle, product.Handle, Number.Of(a, 4, 1)));
    }

    /// <summary>The same, computed in place (<c>addmm_</c>).</summary>
    internal static NativeValue AddProductInPlace(ReadOnlySpan<NativeValue> a)
    {
        using var sum = new OwnedTensor((nint)AddProduct(a).Payload);
        return OwnedTensor.ValueOf(Copy.CallOne(a[0], sum.Value));
    }

    /// <summary>Adds rows of the source to the rows of self selected by an index (<c>index_add_</c>).</summary>
    internal static NativeValue AddRows(ReadOnlySpan<NativeValue> a)
    {
        if (a[1].Payload != 0 || Number.Of(a, 4, 1) != 1)
            throw new DoorException(NativeStatus.Argument, "index_add_ adds whole rows, through the managed door");
        long index = a[2].Payload;
        var indices = new NativeValue { Kind = ValueKind.OptionalTensorList, Count = 1, Payload = (nint)(&index) };
        return OwnedTensor.ValueOf(Put.CallOne(a[0], indices, a[3], new NativeValue { Kind = ValueKind.Bool, Payload = 1 }));
    }

    private static NativeValue Combine(ReadOnlySpan<NativeValue> a, in NativeValue left, in NativeValue right, double factor)
    {
        if (right.Kind == ValueKind.Tensor)
            return OwnedTensor.ValueOf(Combine((nint)left.Payload, (nint)right.Payload, factor));
        using OwnedTensor number = Number.Beside(right, (nint)left.Payload);
        return OwnedTensor.ValueOf(Combine((nint)left.Payload, number.Handle, factor));
    }

    private static nint Combine(nint left, nint right, double factor)
    {
        ScalarType first = OwnedTensor.TypeOf(left), second = OwnedTensor.TypeOf(right);
        if (!Integers.Contains(first) || !Integers.Contains(second))
            return Difference(left, right, -factor);
        using var sum = new OwnedTensor(IntegerSum(left, right, factor));
        return Number.Cast(sum.Handle, Common(left, first, right, second));
    }

    // The factor of the subtraction is a real number, which integer tensors reject. Therefore they are stacked and summed over the stack.
    private static nint IntegerSum(nint left, nint right, double factor)
    {
        var whole = new NativeValue { Kind = ValueKind.Int, Payload = checked((long)factor) };
        using var wide = new OwnedTensor(Number.Cast(right, ScalarType.Int64));
        using OwnedTensor number = Number.Beside(whole, wide.Handle);
        using var scaled = new OwnedTensor(Multiply.CallOne(wide.Value, number.Value));
        using var first = new OwnedTensor(Number.Cast(left, ScalarType.Int64));
        long* pair = stackalloc long[] { first.Handle, scaled.Handle };
        Span<NativeValue> equal = stackalloc NativeValue[2];
        _ = Broadcast.Call([TensorList(pair, 2)], equal);
        using OwnedTensor one = new((nint)equal[0].Payload), other = new((nint)equal[1].Payload);
        long* layers = stackalloc long[] { one.Handle, other.Handle };
        long dimension = 0;
        using var stack = new OwnedTensor(Stack.CallOne(TensorList(layers, 2)));
        return SumOver.CallOne(stack.Value, new NativeValue { Kind = ValueKind.IntList, Count = 1, Payload = (nint)(&dimension) });
    }

    private static NativeValue TensorList(long* handles, int count) =>
        new() { Kind = ValueKind.TensorList, Count = count, Payload = (nint)handles };

    private static nint Difference(nint left, nint right, double factor)
    {
        nint result;
        StableExports.Check(StableExports.aoti_torch_aten_subtract_Tensor(left, right, factor, &result));
        return result;
    }

    // libtorch's promotion rule for integers: a zero-dimensional tensor counts only with another zero-dimensional tensor or with Booleans.
    private static ScalarType Common(nint left, ScalarType first, nint right, ScalarType second)
    {
        bool leftCounts = OwnedTensor.RankOf(left) > 0, rightCounts = OwnedTensor.RankOf(right) > 0;
        if (leftCounts != rightCounts && first != ScalarType.Bool && second != ScalarType.Bool)
            return leftCounts ? first : second;
        if ((first, second) is (ScalarType.UInt8, ScalarType.Int8) or (ScalarType.Int8, ScalarType.UInt8))
            return ScalarType.Int16;
        return Integers[Math.Max(Array.IndexOf(Integers, first), Array.IndexOf(Integers, second))];
    }
}
