using Nvg.Checkpoints;
using Nvg.Torch;
using Nvg.Torch.Files;
using Nvg.Torch.Nn;

namespace Nvg.Conversion;

/// <summary>One part of a model in a checkpoint file, by names within the part.</summary>
/// <param name="kind">The part.</param>
/// <param name="path">Path of the file, for messages.</param>
/// <param name="file">Holds the tensors; borrowed.</param>
/// <param name="isAverage">Whether this is the averaged copy.</param>
/// <param name="fullNames">Names in the file by names within the part.</param>
internal sealed class CheckpointPart(
    CheckpointPartKind kind, string path, TensorFile file, bool isAverage, IReadOnlyDictionary<string, string> fullNames)
{
    private const int MostNamed = 8;
    private const int MostCounted = 1024;

    internal CheckpointPartKind Kind => kind;

    internal string Path => path;

    internal bool IsAverage => isAverage;

    internal IEnumerable<string> Names => fullNames.Keys;

    /// <summary>The shape of a tensor.</summary>
    /// <exception cref="NvgDataException">The tensor is missing or has another rank.</exception>
    internal ReadOnlySpan<long> Shape(string name, int rank)
    {
        if (!fullNames.TryGetValue(name, out string? fullName))
            throw NvgDataException.At(path, $"the {kind.ToString().ToLowerInvariant()} has no tensor '{name}', which determines its sizes");
        ReadOnlySpan<long> shape = file[fullName].Shape;
        return shape.Length == rank
            ? shape
            : throw NvgDataException.At(path, $"tensor '{fullName}' has {shape.Length} dimensions, not {rank}");
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
    internal Tensor? Find(string name) => fullNames.TryGetValue(name, out string? fullName) ? file[fullName] : null;

    /// <summary>Selects the tensors of a model, as views of the file.</summary>
    /// <param name="model">A model without memory, for names and shapes.</param>
    /// <param name="allowUnexpected">Whether to ignore tensors that the model does not have.</param>
    /// <exception cref="NvgDataException">
    /// Tensors are missing, have other shapes or, unless allowed, are unexpected; the message lists the first ones.
    /// </exception>
    internal Dictionary<string, Tensor> Select(ParameterStore model, bool allowUnexpected)
    {
        string[] missing = [.. model.Keys.Where(n => !fullNames.ContainsKey(n) && n != PublishedNames.PositionIds)];
        string[] unexpected = [.. Names.Where(n => !model.ContainsKey(n))];
        var found = model.Where(p => fullNames.ContainsKey(p.Key)).ToDictionary(p => p.Key, p => file[fullNames[p.Key]]);
        string[] misfits = [.. found.Select(p => Misfit(p.Key, p.Value, model[p.Key])).OfType<string>()];
        string? ignored = allowUnexpected ? null : List("unexpected", unexpected);
        string?[] lists = [List("missing", missing), List("of another shape or type", misfits), ignored];
        if (string.Join("; ", lists.OfType<string>()) is not { Length: > 0 } problems)
            return found;
        bool onlyUnexpected = missing.Length + misfits.Length == 0;
        throw NvgDataException.At(
            path, $"the tensors of the {kind.ToString().ToLowerInvariant()} do not fit a model of its sizes: {problems}",
            onlyUnexpected ? "--allow-unexpected ignores them" : null);
    }

    private static string? Misfit(string name, Tensor stored, Tensor needed)
    {
        if (!stored.Shape.SequenceEqual(needed.Shape))
            return $"{name} is [{string.Join(", ", stored.Shape.ToArray())}], not [{string.Join(", ", needed.Shape.ToArray())}]";
        return !stored.ScalarType.IsFloatingPoint() && name != PublishedNames.PositionIds ? $"{name} is {stored.ScalarType}" : null;
    }

    /// <summary>The count and the first names of a list, or null if it is empty.</summary>
    internal static string? List(string what, string[] names) => names.Length == 0 ? null
        : $"{names.Length} {what} ({string.Join(", ", names.Take(MostNamed))}{(names.Length > MostNamed ? ", …" : "")})";
}
