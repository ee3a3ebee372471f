using Nvg;

using NvgModel model = await NvgModel.LoadAsync("models/nvg-eurosat");
GeneratedImage river = await model.GenerateAsync("river", seed: 7);
river.Save("river.png");

StructureMap layout = model.Structure.FromDrawing("drawing.png");
await foreach (GenerationUpdate update in model.StreamAsync(new ImageRequest("river") { Seed = 7, Structure = layout }, previews: true))
{
    if (update is StageCompleted stage)
        stage.Preview.Save($"stage{stage.Stage}.png");
    else if (update is ImageCompleted done)
        done.Image.Save("steered.png");
}
