using System.Text.Json;
using System.Text.RegularExpressions;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;

namespace Nvg.Verification;

/// <summary>
/// One open fixture, and the account of its tensors: each is an input, a parameter, checked, or not covered for a reason.
/// </summary>
internal sealed class Fixture : IDisposable
{
    private readonly SafetensorsFile _file;
    private readonly string _name;
    private readonly HashSet<string> _used = [];
    private readonly List<TensorCheck> _checks = [];
    private readonly List<UncoveredTensor> _uncovered = [];

    /// <exception cref="SafetensorsException">The file is damaged.</exception>
    internal Fixture(string path, Device device)
    {
        _file = SafetensorsFile.Open(path);
        _name = Path.GetFileName(path);
        Device = device;
    }

    /// <summary>Where the build under test computes.</summary>
    internal Device Device { get; }

    /// <summary>Names of all tensors.</summary>
    internal IEnumerable<string> Names => _file.Keys;

    /// <summary>What follows a prefix in the names that have it.</summary>
    internal IEnumerable<string> Following(string prefix) =>
        Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Select(n => n[prefix.Length..]);

    /// <summary>An input, on the device.</summary>
    /// <exception cref="SafetensorsException">The file has none of this name.</exception>
    internal Tensor Input(string name)
    {
        Tensor stored = _file[name];
        _used.Add(name);
        return stored.To(Device);
    }

    /// <summary>A copy of an input that gradients can be taken for.</summary>
    internal Tensor DifferentiableInput(string name)
    {
        Tensor copy = Input(name).Clone();
        copy.RequiresGrad = true;
        return copy;
    }

    /// <summary>Parameters under a prefix, for a model's constructor; <see cref="CheckParameters"/> closes their account.</summary>
    internal ParameterSource Parameters(string prefix) =>
        new RecordingParameterSource(ParameterSource.From(_file, prefix, Device), name => _used.Add(prefix + name)) { Device = Device };

    /// <summary>
    /// Every parameter of the fixture must be one of the models': loaded, or a fixed table that the model computes, which
    /// is compared.
    /// </summary>
    internal void CheckParameters(string prefix, params ParameterStore[] stores)
    {
        foreach (string name in Following(prefix).Where(n => !_used.Contains(prefix + n)))
        {
            if (stores.FirstOrDefault(s => s.ContainsKey(name)) is { } store)
                Check(prefix + name, store[name], Tolerance.Exact);
            else
                Fail(prefix + name, "this build's model has no such parameter");
        }
    }

    /// <summary>The reference of an output, to be compared in parts.</summary>
    internal Tensor Expected(string name) => Input(name);

    /// <summary>Compares an output with the tensor of its name.</summary>
    internal void Check(string name, Tensor actual, Tolerance tolerance)
    {
        if (!_file.TryGetValue(name, out Tensor? expected))
        {
            Fail(name, "the file lacks this tensor");
            return;
        }

        _used.Add(name);
        CheckPart(name, expected, actual, tolerance);
    }

    /// <summary>Compares an output with a part of a tensor, or with an input that it must lead back to.</summary>
    internal void CheckPart(string name, Tensor expected, Tensor actual, Tolerance tolerance) =>
        _checks.Add(TensorComparison.Compare(name, expected, actual, tolerance));

    /// <summary>Enters a comparison that could not be made.</summary>
    internal void Fail(string name, string reason)
    {
        _used.Add(name);
        _checks.Add(TensorCheck.Impossible(name, reason));
    }

    /// <summary>Says of a tensor why nothing is compared with it.</summary>
    internal void NotCovered(string name, string reason)
    {
        _used.Add(name);
        _uncovered.Add(new UncoveredTensor(name, reason));
    }

    /// <summary>Says the same of every tensor that has no account yet.</summary>
    internal void RestNotCovered(string reason)
    {
        foreach (string name in Names.Where(n => !_used.Contains(n)).ToList())
            NotCovered(name, reason);
    }

    /// <summary>The numbers behind a prefix among the names, rising: stages that are stored.</summary>
    /// <exception cref="InvalidDataException">There are none.</exception>
    internal IReadOnlyList<int> Numbered(string prefix)
    {
        var pattern = new Regex($"^{Regex.Escape(prefix)}([0-9]+)$");
        return [.. Matching(pattern).Select(m => int.Parse(m.Parts[1].Value)).Order()];
    }

    /// <summary>The tensors whose names have a pattern, with the parts of the name.</summary>
    /// <exception cref="InvalidDataException">There are none.</exception>
    internal IReadOnlyList<(string Name, GroupCollection Parts)> Matching(Regex pattern)
    {
        var matches = Names.Select(n => (n, Match: pattern.Match(n))).Where(m => m.Match.Success).Select(m => (m.n, m.Match.Groups)).ToList();
        return matches.Count > 0 ? matches : throw new InvalidDataException($"the file has no tensors of the names {pattern}");
    }

    /// <summary>A text of the metadata.</summary>
    /// <exception cref="InvalidDataException">There is none of this name.</exception>
    internal string Text(string key) =>
        _file.Metadata.TryGetValue(key, out string? text) ? text : throw new InvalidDataException($"metadata '{key}' is missing");

    /// <summary>A whole number of the metadata.</summary>
    internal int Integer(string key) => Parsed(key, int.Parse);

    /// <summary>A real number of the metadata.</summary>
    internal double Number(string key) => Parsed(key, double.Parse);

    /// <summary>A truth value of the metadata.</summary>
    internal bool Flag(string key) => Parsed(key, bool.Parse);

    /// <summary>A list of whole numbers of the metadata.</summary>
    internal IReadOnlyList<int> Integers(string key) => Parsed(key, text => JsonSerializer.Deserialize<int[]>(text)!);

    /// <summary>A list of real numbers of the metadata.</summary>
    internal IReadOnlyList<double> Numbers(string key) => Parsed(key, text => JsonSerializer.Deserialize<double[]>(text)!);

    /// <summary>Throws where the fixture was made in a way that this build cannot follow.</summary>
    /// <exception cref="InvalidDataException">The metadata have another value.</exception>
    internal void Require(string key, string value)
    {
        if (Text(key) != value)
            throw new InvalidDataException($"metadata '{key}' is {Text(key)}, this build knows only {value}");
    }

    /// <inheritdoc cref="Require(string, string)"/>
    internal void Require(string key, double value)
    {
        if (Number(key) != value)
            throw new InvalidDataException($"metadata '{key}' is {Text(key)}, this build knows only {value}");
    }

    /// <summary>The report; call it last.</summary>
    internal FixtureReport Report()
    {
        RestNotCovered("no check knows this name");
        return new FixtureReport(_name, _checks, _uncovered);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private T Parsed<T>(string key, Func<string, T> parse)
    {
        try
        {
            return parse(Text(key));
        }
        catch (Exception error) when (error is FormatException or OverflowException or JsonException)
        {
            throw new InvalidDataException($"metadata '{key}' is '{Text(key)}', which is not what is expected there", error);
        }
    }
}
