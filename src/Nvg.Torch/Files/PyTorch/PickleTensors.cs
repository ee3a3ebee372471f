namespace Nvg.Torch.Files.PyTorch;

/// <summary>The calls in a pickle that create tensors and their components; every number is checked before it is used.</summary>
internal static class PickleTensors
{
    private const int MaximumRank = 64;
    private const int MaximumKeyLength = 128;

    // A tensor may repeat elements using strides of zero. Tensors with more elements than this are rejected.
    private const long MaximumRepeated = 1 << 20;

    /// <summary>The result of a call.</summary>
    /// <exception cref="PyTorchFileException">The arguments are invalid.</exception>
    internal static object Call(PickleGlobal function, object?[] arguments)
    {
        switch (function.Kind)
        {
            case PickleGlobalKind.OrderedDict:
                return Dictionary(arguments);
            case PickleGlobalKind.Size when arguments is [PickleTuple sizes]:
                return sizes;
            case PickleGlobalKind.RebuildTensor when arguments.Length == 4:
            case PickleGlobalKind.RebuildTensorV2 when arguments.Length is 6 or 7:
                return Tensor(arguments[0], arguments[1], arguments[2], arguments[3], null);
            case PickleGlobalKind.RebuildTensorV3 when arguments.Length is 7 or 8
                && arguments[6] is PickleGlobal { Kind: PickleGlobalKind.DataType } type:
                return Tensor(arguments[0], arguments[1], arguments[2], arguments[3], type.Type);
            case PickleGlobalKind.RebuildTensorV3 when arguments.Length is 7 or 8 && arguments[6] is PickleGlobal other:
                return new PickleOpaque($"tensor of {other.Name}");
            case PickleGlobalKind.RebuildParameter when arguments
                is [PickleTensor or PickleOpaque, _, _] or [PickleTensor or PickleOpaque, _, _, _]:
                return arguments[0]!;
            case PickleGlobalKind.RebuildFromType when arguments is [PickleGlobal rebuild, _, PickleTuple inner, _]
                && rebuild.Kind != PickleGlobalKind.RebuildFromType:
                return Call(rebuild, inner.Items);
            case PickleGlobalKind.Opaque:
            case PickleGlobalKind.StorageClass:
                return new PickleOpaque(function.Name);
            default:
                throw new PyTorchFileException($"it calls {function.Name} with arguments that do not fit");
        }
    }

    /// <summary>The storage that a persistent identifier names.</summary>
    internal static object Storage(object? identifier, Dictionary<string, PickleStorage> storages)
    {
        if (identifier is not PickleTuple { Items: ["storage", PickleGlobal type, string key, string, long count, ..] items }
            || items.Length > 6)
            throw new PyTorchFileException("it refers to something that is not a storage");
        if (key.Length is 0 or > MaximumKeyLength || count < 0 || count > long.MaxValue / sizeof(double))
            throw new PyTorchFileException($"it refers to a storage with an impossible name or size ({count})");
        if (type.Kind != PickleGlobalKind.StorageClass)
            return new PickleOpaque(type.Name);
        var storage = new PickleStorage(key, type.Type, count);
        if (storages.TryGetValue(key, out PickleStorage? known) ? known != storage : !storages.TryAdd(key, storage))
            throw new PyTorchFileException($"it describes storage '{key}' in two ways");
        // The oldest files divide a storage into named parts.
        return items is [_, _, _, _, _, PickleTuple { Items: [string, long first, long length] }]
            ? first >= 0 && length >= 0 && first <= count && length <= count - first
                ? new PickleStorageRange(storage, first, length)
                : throw new PyTorchFileException($"it refers to elements {first} to {first}+{length} of storage '{key}', which has {count}")
            : items is [_, _, _, _, _] or [_, _, _, _, _, null]
                ? new PickleStorageRange(storage, 0, count)
                : throw new PyTorchFileException($"it refers to a part of storage '{key}' that is invalid");
    }

    // Python 2 files store the items as a list of pairs.
    private static PickleDict Dictionary(object?[] arguments)
    {
        var dict = new PickleDict();
        if (arguments is [])
            return dict;
        if (arguments is not [PickleList pairs])
            throw new PyTorchFileException("it makes a dictionary of something that is not a list of pairs");
        foreach (object? pair in pairs.Items)
        {
            (object? key, object? value) = pair switch
            {
                PickleTuple { Items: [var k, var v] } => (k, v),
                PickleList { Items: [var k, var v] } => (k, v),
                _ => throw new PyTorchFileException("it makes a dictionary of something that is not a list of pairs"),
            };
            dict.Add(key, value);
        }

        return dict;
    }

    private static object Tensor(object? storage, object? offset, object? shape, object? strides, ScalarType? type)
    {
        if (storage is PickleOpaque opaque)
            return new PickleOpaque($"tensor of {opaque.What}");
        if (storage is not PickleStorageRange range || offset is not long first || Numbers(shape) is not { } sizes
            || Numbers(strides) is not { } steps)
            throw new PyTorchFileException("it makes a tensor of something that is not a storage, offset, size and stride");
        ScalarType elements = type ?? range.Storage.Type
            ?? throw new PyTorchFileException($"it makes a tensor without element type over storage '{range.Storage.Key}'");
        if (type is not null && range.First != 0)
            throw new PyTorchFileException(
                $"it makes a tensor with an element type of its own over a part of storage '{range.Storage.Key}'");
        long available = type is null ? range.Count : range.Storage.ByteCount / elements.ByteSize();
        return Checked(range, elements, first, sizes, steps, available);
    }

    private static PickleTensor Checked(PickleStorageRange range, ScalarType type, long offset, long[] shape, long[] strides,
        long available)
    {
        string what = $"a tensor of size [{string.Join(", ", shape)}], stride [{string.Join(", ", strides)}] and offset {offset} "
            + $"over storage '{range.Storage.Key}' of {available} elements";
        if (shape.Length != strides.Length || shape.Length > MaximumRank || offset < 0 || shape.Any(s => s < 0) || strides.Any(s => s < 0))
            throw new PyTorchFileException($"{what} is invalid");
        try
        {
            // As in libtorch, the other sizes must be valid even if one is zero.
            long padded = shape.Aggregate((long)type.ByteSize(), (product, size) => checked(product * Math.Max(size, 1))) / type.ByteSize();
            long count = shape.Contains(0) ? 0 : padded;
            long reach = count == 0 ? 0 : shape.Zip(strides).Aggregate(1L, (sum, d) => checked(sum + (d.First - 1) * d.Second));
            if (checked(offset + reach) > available)
                throw new PyTorchFileException($"{what} is out of bounds");
            if (count > Math.Max(available, MaximumRepeated))
                throw new PyTorchFileException($"{what} claims more elements than the file has");
            return new PickleTensor(range.Storage, type, checked(range.First + offset), shape, strides, reach);
        }
        catch (OverflowException error)
        {
            throw new PyTorchFileException($"{what} is impossibly large", error);
        }
    }

    private static long[]? Numbers(object? value) =>
        value is PickleTuple { Items: var items } && items.Length <= MaximumRank && items.All(i => i is long) ? [.. items.Cast<long>()]
            : null;
}
