using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop.Managed;

/// <summary>Converts values between the stable interface and a door.</summary>
internal static unsafe class StableValue
{
    /// <summary>Whether a value can be passed as a parameter of a type.</summary>
    internal static bool Fits(ValueKind kind, ParameterType type) => (kind, type.IsList) switch
    {
        (ValueKind.None, _) => type.IsOptional,
        (_, true) => (type.Base, kind) is (BaseType.Int, ValueKind.IntList) or (BaseType.Float, ValueKind.DoubleList)
            or (BaseType.Bool, ValueKind.BoolList) or (BaseType.Tensor, ValueKind.TensorList or ValueKind.OptionalTensorList),
        (_, false) => (type.Base, kind) is (BaseType.Tensor, ValueKind.Tensor) or (BaseType.Device, ValueKind.Device)
            or (BaseType.Int or BaseType.Bool, ValueKind.Int or ValueKind.Bool) or (BaseType.Float, ValueKind.Double or ValueKind.Int)
            or (BaseType.Text, ValueKind.String),
    };

    /// <summary>
    /// Encodes an argument for which <see cref="Fits"/> holds; ownership of the referenced object passes to the dispatcher.
    /// </summary>
    internal static ulong Encode(in NativeValue value, ParameterType type)
    {
        if (value.Kind == ValueKind.None)
            return 0;
        ulong plain = type.IsList ? EncodeList(value, type) : EncodeOne(value, type);
        return type.IsOptional ? Optional(plain) : plain;
    }

    /// <summary>Decodes a result that is not a list.</summary>
    internal static NativeValue Decode(ulong value, ParameterType type) => type.Base switch
    {
        BaseType.Tensor => new NativeValue { Kind = ValueKind.Tensor, Payload = Defined((nint)value) },
        BaseType.Int => new NativeValue { Kind = ValueKind.Int, Payload = (long)value },
        BaseType.Float => new NativeValue { Kind = ValueKind.Double, Payload = (long)value },
        BaseType.Bool => new NativeValue { Kind = ValueKind.Bool, Payload = (byte)value },
        _ => throw new DoorException(NativeStatus.Argument, $"a result of type {type.Base} cannot be returned"),
    };

    /// <summary>Adds the tensors of a list result to the results and frees the list.</summary>
    internal static void DecodeTensors(nint list, List<NativeValue> results)
    {
        try
        {
            nuint size;
            StableExports.Check(StableExports.torch_list_size(list, &size));
            for (nuint i = 0; i < size; i++)
            {
                ulong element;
                StableExports.Check(StableExports.torch_list_get_item(list, i, &element));
                results.Add(new NativeValue { Kind = ValueKind.Tensor, Payload = Defined((nint)element) });
            }
        }
        finally
        {
            _ = StableExports.torch_delete_list(list);
        }
    }

    private static ulong EncodeOne(in NativeValue value, ParameterType type) => (type.Base, value.Kind) switch
    {
        (BaseType.Tensor, _) => NewReference((nint)value.Payload),
        (BaseType.Float, ValueKind.Int) => BitConverter.DoubleToUInt64Bits(value.Payload),
        (BaseType.Bool, _) => value.Payload != 0 ? 1UL : 0,
        (BaseType.Text, _) => NewText(value),
        _ => (ulong)value.Payload,
    };

    private static ulong EncodeList(in NativeValue value, ParameterType type)
    {
        nint list;
        StableExports.Check(StableExports.torch_new_list_reserve_size((nuint)value.Count, &list));
        for (int i = 0; i < value.Count; i++)
            StableExports.Check(StableExports.torch_list_push_back(list, Element(value, type, i)));
        return (ulong)list;
    }

    private static ulong Element(in NativeValue list, ParameterType type, int index)
    {
        if (type.Base == BaseType.Bool)
            return ((byte*)list.Payload)[index];
        ulong bits = ((ulong*)list.Payload)[index];
        if (type.Base != BaseType.Tensor)
            return bits;
        if (!type.HasOptionalElements)
            return NewReference((nint)bits);
        return bits == 0 ? 0 : Optional(NewReference((nint)bits));
    }

    private static ulong NewReference(nint tensor)
    {
        nint reference;
        StableExports.Check(StableExports.aoti_torch_new_tensor_handle(tensor, &reference));
        return (ulong)reference;
    }

    private static ulong NewText(in NativeValue text)
    {
        nint handle;
        StableExports.Check(StableExports.torch_new_string_handle((byte*)text.Payload, (nuint)text.Count, &handle));
        return (ulong)handle;
    }

    // libtorch 2.10 frees the memory with C++'s delete, which calls the C library's free.
    private static ulong Optional(ulong value)
    {
        ulong* memory = (ulong*)NativeMemory.Alloc(sizeof(ulong));
        *memory = value;
        return (ulong)memory;
    }

    private static nint Defined(nint tensor)
    {
        byte defined;
        StableExports.Check(StableExports.aoti_torch_is_defined(tensor, &defined));
        if (defined != 0)
            return tensor;
        _ = StableExports.aoti_torch_delete_tensor_object(tensor);
        return 0;
    }
}
