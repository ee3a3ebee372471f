namespace Nvg.Torch.Files.PyTorch;

// Values described by a pickle, as inert data. Numbers, strings and None use .NET types. Nothing here has behaviour, and nothing is created
// from a name in a file.

/// <summary>A Python 2 string, which may be binary data; only its range in the pickle is stored.</summary>
/// <param name="Start">Offset of the first byte in the pickle.</param>
/// <param name="Length">Number of bytes.</param>
internal sealed record PickleBytes(int Start, int Length);

/// <summary>A tuple.</summary>
internal sealed record PickleTuple(object?[] Items);

/// <summary>A list.</summary>
internal sealed class PickleList
{
    internal List<object?> Items { get; } = [];
}

/// <summary>A dictionary, ordered or not; keys may repeat and are not compared.</summary>
internal sealed class PickleDict
{
    private List<(object? Key, object? Value)>? _items;

    internal IReadOnlyList<(object? Key, object? Value)> Items => _items ?? [];

    internal void Add(object? key, object? value) => (_items ??= []).Add((key, value));
}

/// <summary>A reference of a pickle by module and name.</summary>
/// <param name="Name">Module and name, separated by a dot.</param>
/// <param name="Kind">How this reader treats it.</param>
/// <param name="Type">Element type, for a storage class or an element type.</param>
internal sealed record PickleGlobal(string Name, PickleGlobalKind Kind, ScalarType? Type = null);

/// <summary>How this reader treats a global.</summary>
internal enum PickleGlobalKind
{
    /// <summary>A class or function that is never run; everything created from it stays a <see cref="PickleOpaque"/>.</summary>
    Opaque,
    OrderedDict,
    Size,
    DataType,
    StorageClass,
    RebuildTensor,
    RebuildTensorV2,
    RebuildTensorV3,
    RebuildParameter,
    RebuildFromType,
}

/// <summary>An object of an unknown class; only the class name is kept.</summary>
internal sealed record PickleOpaque(string What);

/// <summary>A block of elements that the file stores once.</summary>
/// <param name="Key">Its name in the file.</param>
/// <param name="Type">Element type; null for plain bytes.</param>
/// <param name="Count">Elements.</param>
internal sealed record PickleStorage(string Key, ScalarType? Type, long Count)
{
    internal int ElementSize => Type?.ByteSize() ?? 1;

    internal long ByteCount => Count * ElementSize;
}

/// <summary>A range of a storage's elements.</summary>
internal sealed record PickleStorageRange(PickleStorage Storage, long First, long Count);

/// <summary>A tensor over a storage; checked to be within its bounds.</summary>
/// <param name="Storage">The storage that holds its elements.</param>
/// <param name="Type">Element type.</param>
/// <param name="Offset">First element, in elements of <paramref name="Type"/>.</param>
/// <param name="Shape">Sizes.</param>
/// <param name="Strides">Distance between neighbours along each dimension, in elements.</param>
/// <param name="Reach">Number of elements from the first to the last, inclusive; 0 for an empty tensor.</param>
internal sealed record PickleTensor(PickleStorage Storage, ScalarType Type, long Offset, long[] Shape, long[] Strides, long Reach);
