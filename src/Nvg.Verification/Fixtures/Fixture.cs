using System.Text.Json;
using System.Text.RegularExpressions;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;
using Nvg.Verification.Checks;

namespace Nvg.Verification.Fixtures;

/// <summary>
/// An open fixture with the status of its tensors: each is an input, a parameter, checked, or not covered for a stated reason.
/// </summary>
internal sealed class Fixture : IDisposable
{
    /// <summary>Reason why gradients are not compared.</summary>
    internal const string WithoutGradients = "gradients need the compiled library";

    private readonly SafetensorsFile _file;
    private readonly string _name;
    private readonly HashSet<string> _used = [];
    private readonly List<TensorCheck> _checks = [];
    private readonly List<UncoveredTensor> _uncovered = [];

    /// <exception cref="SafetensorsException">The file is damaged.</exception>
    internal Fixture(string path, Device device, ScalarType precision = ScalarType.Float32)
    {
        _file = SafetensorsFile.Open(path);
        _name = Path.GetFileName(path);
        (Device, Precision) = (device, precision);
    }

    /// <summary>Precision of matrix products and convolutions.</summary>
    internal ScalarType Precision { get; }

    /// <summary>The device under test.</summary>
    internal Device Device { get; }

    /// <summary>Whether the loaded library supports differentiation; the managed door does not.</summary>
    internal static bool HasGradients => TorchRuntime.Door == TorchDoor.Compiled;

    /// <summary>Names of all tensors.</summary>
    internal IEnumerable<string> Names => _file.Keys;

    /// <summary>The remainder of each name that starts with a prefix.</summary>
    internal IEnumerable<string> Following(string prefix) =>
        Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Select(n => n[prefix.Length..]);

    /// <summary>Reads an input to the device.</summary>
    /// <exception cref="SafetensorsException">The file has no tensor of this name.</exception>
    internal Tensor Input(string name)
    {
        Tensor stored = _file[name];
        _used.Add(name);
        return stored.To(Device);
    }

    /// <summary>Reads a copy of an input that requires gradients, if gradients are supported.</summary>
    internal Tensor DifferentiableInput(string name)
    {
        Tensor copy = Input(name).Clone();
        copy.RequiresGrad = HasGradients;
        return copy;
    }

    /// <summary>Makes parameters require gradients, if gradients are supported.</summary>
    internal static void RequireGradients(params ReadOnlySpan<ParameterStore> stores)
    {
        foreach (ParameterStore store in stores)
            store.SetRequiresGrad(HasGradients);
    }

    /// <summary>Parameters with a prefix, for a model's constructor; call <see cref="CheckParameters"/> afterwards.</summary>
    internal ParameterSource Parameters(string prefix) =>
        new RecordingParameterSource(ParameterSource.From(_file, prefix, Device), name => _used.Add(prefix + name)) { Device = Device };

    /// <summary>
    /// Checks that every parameter of the fixture belongs to a model: either it was loaded, or it is a fixed table that the model computes.
    /// Fixed tables are compared.
    /// </summary>
    internal void CheckParameters(string prefix, params ParameterStore[] stores)
    {
        foreach (string name in Following(prefix).Where(n => !_used.Contains(prefix + n)))
        {
            if (stores.FirstOrDefault(s => s.ContainsKey(name)) is { } store)
                Check(prefix + name, store[name], Tolerance.Exact);
            else
                Fail(prefix + name, "the model of this build has no such parameter");
        }
    }

    /// <summary>Reads the reference of an output that is compared in parts.</summary>
    internal Tensor Expected(string name) => Input(name);

    /// <summary>Compares an output with the reference of the same name.</summary>
    internal void Check(string name, Tensor actual, Tolerance tolerance)
    {
        if (!_file.TryGetValue(name, out Tensor? expected))
        {
            Fail(name, "the file has no such tensor");
            return;
        }

        _used.Add(name);
        CheckPart(name, expected, actual, tolerance);
    }

    /// <summary>Compares an output with a part of a reference, or with an input that it must reproduce.</summary>
    internal void CheckPart(string name, Tensor expected, Tensor actual, Tolerance tolerance) => _checks.Add(
        Precision == ScalarType.Float32
            ? TensorComparison.Compare(name, expected, actual, tolerance)
            : TensorComparison.CompareRounded(name, expected, actual, RoundedComparison.Tolerance));

    /// <summary>
    /// Compares gradients, or records that there are none. If the objective does not depend on an input, the gradient of that input is
    /// zero.
    /// </summary>
    /// <param name="objective">A one-element tensor.</param>
    /// <param name="inputs">The name of each gradient in the file, and the tensor to differentiate with respect to.</param>
    /// <param name="tolerance">Allowed difference.</param>
    /// <param name="keepsGraph">Whether more gradients of the objective will be computed.</param>
    internal void CheckGradients(
        Tensor objective, IReadOnlyList<(string Name, Tensor Input)> inputs, Tolerance tolerance, bool keepsGraph = false)
    {
        if (!HasGradients)
        {
            foreach ((string name, _) in inputs)
                NotCovered(name, WithoutGradients);
            return;
        }

        Tensor?[] gradients = Autograd.Gradients(objective, [.. inputs.Select(i => i.Input)], keepsGraph);
        for (int i = 0; i < gradients.Length; i++)
            Check(inputs[i].Name, gradients[i] ?? Tensor.ZerosLike(inputs[i].Input), tolerance);
    }

    /// <summary>Records a comparison that could not be made.</summary>
    internal void Fail(string name, string reason)
    {
        _used.Add(name);
        _checks.Add(TensorCheck.Impossible(name, reason));
    }

    /// <summary>Records why a tensor is not compared.</summary>
    internal void NotCovered(string name, string reason)
    {
        _used.Add(name);
        _uncovered.Add(new UncoveredTensor(name, reason));
    }

    /// <summary>Records the same reason for every remaining tensor.</summary>
    internal void RestNotCovered(string reason)
    {
        foreach (string name in Names.Where(n => !_used.Contains(n)).ToList())
            NotCovered(name, reason);
    }

    /// <summary>The numbers that follow a prefix in tensor names, ascending; these are the stored stages.</summary>
    /// <exception cref="InvalidDataException">No matching tensors exist.</exception>
    internal IReadOnlyList<int> Numbered(string prefix)
    {
        var pattern = new Regex($"^{Regex.Escape(prefix)}([0-9]+)$");
        return [.. Matching(pattern).Select(m => int.Parse(m.Parts[1].Value)).Order()];
    }

    /// <summary>The tensors whose names match a pattern, with the match groups.</summary>
    /// <exception cref="InvalidDataException">No matching tensors exist.</exception>
    internal IReadOnlyList<(string Name, GroupCollection Parts)> Matching(Regex pattern)
    {
        var matches =
            Names.Select(n => (n, Match: pattern.Match(n))).Where(m => m.Match.Success).Select(m => (m.n, m.Match.Groups)).ToList();
        return matches.Count > 0 ? matches : throw new InvalidDataException($"the file has no tensors with names like {pattern}");
    }

    /// <summary>Reads a metadata string.</summary>
    /// <exception cref="InvalidDataException">There is no metadata with this name.</exception>
    internal string Text(string key) =>
        _file.Metadata.TryGetValue(key, out string? text) ? text : throw new InvalidDataException($"metadata '{key}' is missing");

    /// <summary>Reads a metadata integer.</summary>
    internal int Integer(string key) => Parsed(key, int.Parse);

    /// <summary>Reads a metadata number.</summary>
    internal double Number(string key) => Parsed(key, double.Parse);

    /// <summary>Reads a metadata Boolean.</summary>
    internal bool Flag(string key) => Parsed(key, bool.Parse);

    /// <summary>Reads a metadata list of integers.</summary>
    internal IReadOnlyList<int> Integers(string key) => Parsed(key, text => JsonSerializer.Deserialize<int[]>(text)!);

    /// <summary>Reads a metadata list of numbers.</summary>
    internal IReadOnlyList<double> Numbers(string key) => Parsed(key, text => JsonSerializer.Deserialize<double[]>(text)!);

    /// <summary>Throws if the fixture was created with settings that this build does not support.</summary>
    /// <exception cref="InvalidDataException">The metadata has a different value.</exception>
    internal void Require(string key, string value)
    {
        if (Text(key) != value)
            throw new InvalidDataException($"metadata '{key}' is {Text(key)}, this build supports only {value}");
    }

    /// <inheritdoc cref="Require(string, string)"/>
    internal void Require(string key, double value)
    {
        if (Number(key) != value)
            throw new InvalidDataException($"metadata '{key}' is {Text(key)}, this build supports only {value}");
    }

    /// <summary>Creates the report. Must be called last.</summary>
    internal FixtureReport Report()
    {
        RestNotCovered("no check uses this name");
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
            throw new InvalidDataException($"metadata '{key}' has the invalid value '{Text(key)}'", error);
        }
    }
}
