namespace Nvg.Examples;

/// <summary>A small program that uses the library.</summary>
/// <param name="modelFolder">A model folder.</param>
/// <param name="folder">Where images are written.</param>
public delegate Task Example(string modelFolder, string folder);

/// <summary>The examples by name, each in its own file.</summary>
public static class Examples
{
    public static IReadOnlyDictionary<string, Example> All { get; } = new Dictionary<string, Example>
    {
        ["first-image"] = FirstImage.RunAsync,
        ["many-images"] = ManyImages.RunAsync,
        ["previews"] = Previews.RunAsync,
        ["drawing"] = StructureFromDrawing.RunAsync,
        ["keep-stages"] = KeepStages.RunAsync,
        ["in-painting"] = InPainting.RunAsync,
        ["continue"] = ContinueResult.RunAsync,
        ["mixing"] = Mixing.RunAsync,
        ["errors"] = Errors.RunAsync,
        ["image-generator"] = ImageGenerator.RunAsync,
    };
}
