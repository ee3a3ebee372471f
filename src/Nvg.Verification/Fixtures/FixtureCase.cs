using System.Text.Json;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Verification.Checks;

namespace Nvg.Verification.Fixtures;

/// <summary>
/// One of several independent models of a fixture. The names of its tensors and settings begin with the name of the case and a dot, which
/// this class adds.
/// </summary>
internal sealed class FixtureCase(Fixture fixture, string name)
{
    private readonly string _prefix = name + ".";

    /// <summary>The device under test.</summary>
    internal Device Device => fixture.Device;

    /// <summary>The cases that a fixture lists.</summary>
    internal static IEnumerable<FixtureCase> All(Fixture fixture) =>
        JsonSerializer.Deserialize<string[]>(fixture.Text("cases"))!.Select(name => new FixtureCase(fixture, name));

    /// <summary>A named part of the case, such as one of several runs.</summary>
    internal FixtureCase Part(string part) => new(fixture, _prefix + part);

    internal bool Has(string tensor) => fixture.Names.Contains(_prefix + tensor);

    internal IEnumerable<string> Following(string start) => fixture.Following(_prefix + start);

    internal Tensor Input(string tensor) => fixture.Input(_prefix + tensor);

    internal Tensor DifferentiableInput(string tensor) => fixture.DifferentiableInput(_prefix + tensor);

    internal Tensor Expected(string tensor) => fixture.Expected(_prefix + tensor);

    internal ParameterSource Parameters(string start) => fixture.Parameters(_prefix + start);

    internal void CheckParameters(string start, params ParameterStore[] stores) => fixture.CheckParameters(_prefix + start, stores);

    internal void Check(string tensor, Tensor actual, Tolerance tolerance) => fixture.Check(_prefix + tensor, actual, tolerance);

    /// <summary>Compares a result that is not stored in every case.</summary>
    internal void CheckIfStored(string tensor, Tensor actual, Tolerance tolerance)
    {
        if (Has(tensor))
            Check(tensor, actual, tolerance);
    }

    internal void CheckPart(string tensor, Tensor expected, Tensor actual, Tolerance tolerance) =>
        fixture.CheckPart(_prefix + tensor, expected, actual, tolerance);

    internal void NotCovered(string tensor, string reason) => fixture.NotCovered(_prefix + tensor, reason);

    internal string Text(string key) => fixture.Text(_prefix + key);

    internal int Integer(string key) => fixture.Integer(_prefix + key);

    internal double Number(string key) => fixture.Number(_prefix + key);

    internal bool Flag(string key) => fixture.Flag(_prefix + key);

    internal IReadOnlyList<int> Integers(string key) => fixture.Integers(_prefix + key);

    internal IReadOnlyList<double> Numbers(string key) => fixture.Numbers(_prefix + key);

    internal IReadOnlyList<string> Texts(string key) => JsonSerializer.Deserialize<string[]>(Text(key))!;

    internal void Require(string key, string value) => fixture.Require(_prefix + key, value);

    internal void Require(string key, double value) => fixture.Require(_prefix + key, value);

    /// <summary>Checks gradients of a loss with respect to the parameters for which the case stores gradients.</summary>
    /// <param name="start">Prefix of the parameters' names, such as <c>grad.</c>.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="parameters">The parameters, which require gradients.</param>
    /// <param name="tolerance">Allowed difference.</param>
    /// <param name="keepsGraph">Whether more gradients of the loss will be computed.</param>
    internal void CheckGradients(string start, Tensor loss, ParameterStore parameters, Tolerance tolerance, bool keepsGraph = false) =>
        CheckGradients(loss, [.. Following(start).Select(n => (start + n, parameters[n]))], tolerance, keepsGraph);

    /// <inheritdoc cref="Fixture.CheckGradients"/>
    internal void CheckGradients(
        Tensor objective, IReadOnlyList<(string Name, Tensor Input)> inputs, Tolerance tolerance, bool keepsGraph = false) =>
        fixture.CheckGradients(objective, [.. inputs.Select(i => (_prefix + i.Name, i.Input))], tolerance, keepsGraph);
}
