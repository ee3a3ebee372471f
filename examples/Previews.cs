namespace Nvg.Examples;

/// <summary>Images that grow stage by stage: every stage arrives as a preview.</summary>
internal static class Previews
{
    public static async Task RunAsync(string modelFolder, string folder)
    {
        await using NvgModel model = await NvgModel.LoadAsync(modelFolder);
        await foreach (GenerationUpdate update in model.StreamAsync(new ImageRequest("river", 7), previews: true))
        {
            switch (update)
            {
                case StageCompleted stage:
                    Console.WriteLine($"{stage.Share:P0}: stage {stage.Stage}");
                    stage.Preview.Save(Path.Combine(folder, $"stage{stage.Stage}.png"));
                    break;
                case ImageCompleted done:
                    done.Image.Save(Path.Combine(folder, "river.png"));
                    break;
            }
        }
    }
}
