namespace Nvg.Examples;

/// <summary>One image of a class, by name.</summary>
internal static class FirstImage
{
    public static async Task RunAsync(string modelFolder, string folder)
    {
        await using NvgModel model = await NvgModel.LoadAsync(modelFolder);
        GeneratedImage river = await model.GenerateAsync("river", seed: 7);
        river.Save(Path.Combine(folder, "river.png"));
    }
}
