namespace Nvg.Torch.Interop.Managed;

/// <summary>Converts numeric arguments to zero-dimensional tensors.</summary>
internal static unsafe class Number
{
    private static readonly StableOperator To = new(OperatorTable.Find("to.dtype_layout")!);

    /// <summary>The value of a numeric argument.</summary>
    internal static double Of(in NativeValue value) =>
        value.Kind == ValueKind.Double ? BitConverter.Int64BitsToDouble(value.Payload) : value.Payload;

    /// <summary>The value of an optional numeric argument.</summary>
    internal static double Of(ReadOnlySpan<NativeValue> arguments, int index, double otherwise) =>
        index < arguments.Length && arguments[index].Kind is not (ValueKind.None or ValueKind.Default) ? Of(arguments[index]) : otherwise;

    /// <summary>
    /// Converts a number to a tensor that affects the type of a result in the same way as the number itself. Combined with a tensor that
    /// has dimensions, a zero-dimensional tensor affects the type only if its category (integer, floating point) is higher.
    /// </summary>
    /// <param name="value">The number; borrowed if it is a tensor's.</param>
    /// <param name="partner">The other operand.</param>
    internal static OwnedTensor Beside(in NativeValue value, nint partner)
    {
        ScalarType type = OwnedTensor.TypeOf(partner);
        bool isReal = value.Kind == ValueKind.Double || type.IsFloatingPoint();
        var number = new OwnedTensor(isReal ? Real(Of(value), type == ScalarType.Float64) : Integer(value.Payload));
        bool sameKind = type.IsFloatingPoint() == isReal && type != ScalarType.Bool;
        if (OwnedTensor.RankOf(partner) > 0 || !sameKind || OwnedTensor.TypeOf(number.Handle) == type)
            return number;
        // Two zero-dimensional tensors have equal priority.
        using (number)
            return new OwnedTensor(Cast(number.Handle, type));
    }

    /// <summary>Converts a tensor to a different element type.</summary>
    /// <returns>A new reference.</returns>
    internal static nint Cast(nint tensor, ScalarType type) =>
        To.CallOne(OwnedTensor.ValueOf(tensor), new NativeValue { Kind = ValueKind.Int, Payload = (long)type });

    private static nint Real(double value, bool wide)
    {
        nint result;
        StableExports.Check(wide
            ? StableExports.aoti_torch_scalar_to_tensor_float64(value, &result)
            : StableExports.aoti_torch_scalar_to_tensor_float32((float)value, &result));
        return result;
    }

    private static nint Integer(long value)
    {
        nint result;
        StableExports.Check(StableExports.aoti_torch_scalar_to_tensor_int64(value, &result));
        return result;
    }
}
