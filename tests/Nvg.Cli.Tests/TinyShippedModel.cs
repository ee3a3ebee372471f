namespace Nvg.Cli.Tests;

/// <summary>A model folder of random weights with the classes of the model that ships.</summary>
public sealed class TinyShippedModel() : TinyModel(Lines)
{
    /// <summary>The lines of its <c>labels.txt</c>.</summary>
    public static string[] Lines { get; } = File.ReadAllLines(Repository.PathOf("models/nvg-eurosat/labels.txt"));
}
