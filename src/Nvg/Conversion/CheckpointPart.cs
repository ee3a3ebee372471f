using Nvg.Checkpoints;
using Nvg.Torch;
using Nvg.Torch.Files;
using Nvg.Torch.Nn;

namespace Nvg.Conversion;

/// <summary>One part of a model as a checkpoint file holds it: names inside the part, tensors of the file.</summary>
/// <param name="kind">Which part.</param>
/// <param name="path">The file, for messages.</param>
/// <param name="file">Holds the tensors; borrowed.</param>
/// <param name="isAverage">Whether it is the averaged copy.</param>
/// <param name="fullNames">Names in the file by names inside the part.</param>
internal sealed class CheckpointPart(
    CheckpointPartKind kind, string path, TensorFile file, bool isAverage, IReadOnlyDictionary<string, string> fullNames)
{
    private const int MostNamed = 8;
    private const int MostCounted = 1024;

    internal CheckpointPartKind Kind => kind;

    internal string Path => path;

    internal bool IsAverage => isAverage;

    internal IEnumerable<string> Names => fullNames.Keys;

    /// <summary>Sizes of a tensor.</summary>
    /// <exception cref="NvgDataException">There is none, or it has another rank.</exception>
    internal ReadOnlySpan<long> Shape(string name, int rank)
    {
        if (!fullNames.TryGetValue(name, out string? fullName))
            throw NvgDataException.At(path, $"the {kind.ToString().ToLowerInvariant()} has no tensor '{name}', from which its sizes would follow");
        ReadOnlySpan<long> shape = file[fullName].Shape;
        return shape.Length == rank ? shape : throw NvgDataException.At(path, $"tensor '{fullName}' has {shape.Length} dimensions, not {rank}");
    }

    /// <summary>How many consecutive numbers from 0 stand between two pieces of a name.</summary>
    internal int CountOf(string before, string after = ".")
    {
        int count = 0;
        while (count < MostCounted && Names.Any(n => n.StartsWith($"{before}{count}{after}", StringComparison.Ordinal)))
            count++;
        return count;
    }

    /// <summary>The tensor, or null.</summary>
    internal Tensor? Find(string name) => fullNames.TryGetValue(name, out string? fullName) ? file[fullName] : null;

    /// <summary>The tensors that a model of these names and shapes needs, views of the file.</summary>
    /// <param name="model">A model without memory.</param>
    /// <param name="allowUnexpected">Leave out what the model has no place for.</param>
    /// <exception cref="NvgDataException">Names are missing or, unless allowed, unexpected, or shapes differ; all are listed, up to a number.</exception>
    internal Dictionary<string, Tensor> Select(ParameterStore model, bool allowUnexpected)
    {
        string[] missing = [.. model.Keys.Where(n => !fullNames.ContainsKey(n) && n != PublishedNames.PositionIds)];
        string[] unexpected = [.. Names.Where(n => !model.ContainsKey(n))];
        var found = model.Where(p => fullNames.ContainsKey(p.Key)).ToDictionary(p => p.Key, p => file[fullNames[p.Key]]);
        string[] misfits = [.. found.Select(p => Misfit(p.Key, p.Value, model[p.Key])).OfType<string>()];
        string[] problems = [.. new[] { List("missing", missing), List("of another form", misfits), allowUnexpected ? null : List("unexpected", unexpected) }.OfType<string>()];
        return problems.Length == 0 ? found : throw NvgDataException.At(
            path, $"the {kind.ToString().ToLowerInvariant()}'s tensors do not fit a model of its sizes: {string.Join("; ", problems)}",
            unexpected.Length > 0 && missing.Length + misfits.Length == 0 ? "--allow-unexpected leaves them out" : null);
    }

    private static string? Misfit(string name, Tensor stored, Tensor needed) =>
        !stored.Shape.SequenceEqual(needed.Shape) ? $"{name} is [{string.Join(", ", stored.Shape.ToArray())}], not [{string.Join(", ", needed.Shape.ToArray())}]"
        : !stored.ScalarType.IsFloatingPoint() && name != PublishedNames.PositionIds ? $"{name} is {stored.ScalarType}"
        : null;

    /// <summary>The first of a list of names, and how many there are.</summary>
    internal static string? List(string what, string[] names) => names.Length == 0 ? null
        : $"{names.Length} {what} ({string.Join(", ", names.Take(MostNamed))}{(names.Length > MostNamed ? ", …" : "")})";
}
