namespace Nvg.Torch.Files.PyTorch;

// What a pickle describes, as inert data. Numbers, texts and None are .NET's own; nothing here has behaviour, and nothing is
// created from a name in a file.

/// <summary>A text of Python 2 that stays where it is: perhaps bytes.</summary>
/// <param name="Start">Its first byte in the pickle.</param>
/// <param name="Length">Its bytes.</param>
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

/// <summary>What a pickle refers to by module and name.</summary>
/// <param name="Name">Module and name with a dot between.</param>
/// <param name="Kind">How this reader treats it.</param>
/// <param name="Type">Of a storage class or an element type.</param>
internal sealed record PickleGlobal(string Name, PickleGlobalKind Kind, ScalarType? Type = null);

/// <summary>How this reader treats a global.</summary>
internal enum PickleGlobalKind
{
    /// <summary>A class or function that is never run: whatever is made of it stays an <see cref="PickleOpaque"/>.</summary>
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

/// <summary>An object of a class that this reader does not know: only the name is kept.</summary>
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

/// <summary>A tensor over a storage, checked to be inside it.</summary>
/// <param name="Storage">Where its elements are.</param>
/// <param name="Type">Element type.</param>
/// <param name="Offset">First element, in elements of <paramref name="Type"/>.</param>
/// <param name="Shape">Sizes.</param>
/// <param name="Strides">Steps between neighbours of each dimension, in elements.</param>
/// <param name="Reach">Elements between the first and the last, both included; 0 of an empty tensor.</param>
internal sealed record PickleTensor(PickleStorage Storage, ScalarType Type, long Offset, long[] Shape, long[] Strides, long Reach);
