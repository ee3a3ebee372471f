namespace Nvg.Examples;

/// <summary>Something small done with the library.</summary>
/// <param name="model">A model folder.</param>
/// <param name="folder">Where images go.</param>
public delegate Task Example(string model, string folder);

/// <summary>The examples by name, each a file of its own.</summary>
public static class Examples
{
    public static IReadOnlyDictionary<string, Example> All { get; } = new Dictionary<string, Example>
    {
        ["first-image"] = FirstImage.RunAsync,
        ["drawing"] = StructureFromDrawing.RunAsync,
        ["keep-stages"] = KeepStages.RunAsync,
        ["in-painting"] = InPainting.RunAsync,
        ["continue"] = ContinueResult.RunAsync,
        ["mixing"] = Mixing.RunAsync,
        ["previews"] = Previews.RunAsync,
    };
}
