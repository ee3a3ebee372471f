namespace Nvg.Examples;

/// <summary>One image of a class, by name.</summary>
internal static class FirstImage
{
    public static async Task RunAsync(string modelFolder, string folder)
    {
        await using NvgModel model = await NvgModel.LoadAsync(modelFolder);
        GeneratedImage ship = await model.GenerateAsync("ship", seed: 7);
        ship.Save(Path.Combine(folder, "ship.png"));
    }
}
