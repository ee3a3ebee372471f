using Nvg.Checkpoints;
using Nvg.Torch;
using Nvg.Torch.Files.PyTorch;
using Nvg.Torch.Nn;

namespace Nvg.Conversion;

/// <summary>One part of a model in the files of a checkpoint, by names within the part.</summary>
/// <param name="kind">The part.</param>
/// <param name="path">Path of the file, or of the checkpoint that the files belong to, for messages.</param>
/// <param name="isAverage">Whether this is the averaged copy.</param>
/// <param name="stored">Where the tensors are, by names within the part.</param>
internal sealed class CheckpointPart(
    CheckpointPartKind kind, string path, bool isAverage, IReadOnlyDictionary<string, StoredTensor> stored)
{
    private const string OneOfSeveral = "where the checkpoint is stored in several files, name all of them";
    private const int MostNamed = 8;
    private const int MostCounted = 1024;

    internal CheckpointPartKind Kind => kind;

    internal string Path => path;

    internal bool IsAverage => isAverage;

    internal IEnumerable<string> Names => stored.Keys;

    /// <summary>A text stored next to the tensors in a file of the part, or null.</summary>
    internal string? TextOf(string name)
    {
        foreach (PyTorchFile file in stored.Values.Select(s => s.File).Distinct().OfType<PyTorchFile>())
        {
            if (file.Scalars.TryGetValue(name, out object? value) && value is string text)
                return text;
        }

        return null;
    }

    /// <summary>The shape of a tensor.</summary>
    /// <exception cref="NvgDataException">The tensor is missing or has a different rank.</exception>
    internal ReadOnlySpan<long> Shape(string name, int rank)
    {
        if (!stored.TryGetValue(name, out StoredTensor? found))
        {
            throw NvgDataException.At(
                path, $"the {kind.ToString().ToLowerInvariant()} has no tensor '{name}', which determines its sizes", OneOfSeveral);
        }

        ReadOnlySpan<long> shape = found.Tensor.Shape;
        return shape.Length == rank
            ? shape
            : throw NvgDataException.At(path, $"tensor '{found.FullName}' has {shape.Length} dimensions, not {rank}");
    }

    /// <summary>Counts the consecutive indices from 0 that appear between two parts of a name.</summary>
    internal int CountOf(string before, string after = ".")
    {
        int count = 0;
        while (count < MostCounted && Names.Any(n => n.StartsWith($"{before}{count}{after}", StringComparison.Ordinal)))
            count++;
        return count;
    }

    /// <summary>The tensor, or null.</summary>
    internal Tensor? Find(string name) => stored.TryGetValue(name, out StoredTensor? found) ? found.Tensor : null;

    /// <summary>Selects the tensors of a model, as views of the file.</summary>
    /// <param name="model">A model without allocated memory; only its names and shapes are used.</param>
    /// <param name="allowUnexpected">Whether to ignore tensors that the model does not have.</param>
    /// <param name="type">Element type for storing matrices, or null to keep theirs.</param>
    /// <exception cref="NvgDataException">
    /// Tensors are missing, have other shapes or, unless allowed, are unexpected; the message lists the first ones.
    /// </exception>
    internal Dictionary<string, Tensor> Select(ParameterStore model, bool allowUnexpected, ScalarType? type)
    {
        string[] missing = [.. model.Keys.Where(n => !stored.ContainsKey(n) && n != PublishedNames.PositionIds)];
        string[] unexpected = [.. Names.Where(n => !model.ContainsKey(n))];
        var found = model.Where(p => stored.ContainsKey(p.Key)).ToDictionary(p => p.Key, p => stored[p.Key].Tensor);
        string[] misfits = [.. found.Select(p => Misfit(p.Key, p.Value, model[p.Key])).OfType<string>()];
        string? ignored = allowUnexpected ? null : List("unexpected", unexpected);
        string?[] lists = [List("missing", missing), List("with a different shape or type", misfits), ignored];
        if (string.Join("; ", lists.OfType<string>()) is not { Length: > 0 } problems)
            return RequireFinite(found, type);
        bool onlyUnexpected = missing.Length + misfits.Length == 0;
        throw NvgDataException.At(
            path, $"the tensors of the {kind.ToString().ToLowerInvariant()} do not fit a model of its sizes: {problems}",
            onlyUnexpected ? "--allow-unexpected ignores them" : missing.Length > 0 && misfits.Length == 0 ? OneOfSeveral : null);
    }

    // Rejects non-finite values here instead of when the model is used: results of half precision or diverged runs, and values that float32
    // cannot represent.
    private Dictionary<string, Tensor> RequireFinite(Dictionary<string, Tensor> tensors, ScalarType? type)
    {
        string[] broken = [.. tensors.Where(p => !FiniteValues.AreAll(p.Value))
            .Select(p => $"{stored[p.Key].FullName}: {FiniteValues.CountOther(p.Value)} of {p.Value.ElementCount} values")];
        if (broken.Length > 0)
        {
            throw NvgDataException.At(
                path, List("tensors with NaN or infinite values", broken)!, isAverage ? "--no-ema uses the plain weights" : null);
        }

        string[] large = [.. tensors.Where(p => IsTooLarge(p.Value, NvgModel.StoredType(p.Key, p.Value, type)))
            .Select(p => stored[p.Key].FullName)];
        return large.Length == 0 ? tensors
            : throw NvgDataException.At(path, List("tensors with values too large for their storage type", large)!);
    }

    private static bool IsTooLarge(Tensor tensor, ScalarType type)
    {
        if (type == tensor.ScalarType || type == ScalarType.Float64 || tensor.ScalarType == ScalarType.Float16)
            return false;
        using Tensor converted = tensor.To(type);
        return !FiniteValues.AreAll(converted);
    }

    private static string? Misfit(string name, Tensor found, Tensor needed)
    {
        if (!found.Shape.SequenceEqual(needed.Shape))
            return $"{name} is [{string.Join(", ", found.Shape.ToArray())}], not [{string.Join(", ", needed.Shape.ToArray())}]";
        return !found.ScalarType.IsFloatingPoint() && name != PublishedNames.PositionIds
            ? $"{name} is {found.ScalarType}; quantized weights are not read" : null;
    }

    /// <summary>The count and the first names of a list, or null if it is empty.</summary>
    internal static string? List(string what, string[] names) => names.Length == 0 ? null
        : $"{names.Length} {what} ({string.Join(", ", names.Take(MostNamed))}{(names.Length > MostNamed ? ", …" : "")})";
}
