using Nvg;

using NvgModel model = await NvgModel.LoadAsync("models/nvg-cifar10");
GeneratedImage ship = await model.GenerateAsync("ship", seed: 7);
ship.Save("ship.png");

StructureMap layout = model.Structure.FromLabels("boat.png", stages: 4);
await foreach (GenerationUpdate update in model.StreamAsync(new ImageRequest("ship") { Seed = 7, Structure = layout }, previews: true))
{
    if (update is StageCompleted stage)
        stage.Preview.Save($"stage{stage.Stage}.png");
    else if (update is ImageCompleted done)
        done.Image.Save("steered.png");
}
