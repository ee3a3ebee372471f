using Nvg;
using Nvg.Torch;

// Generates the image of a class: Consumer MODEL FILE.
await using NvgModel model = await NvgModel.LoadAsync(args[0]);
GeneratedImage image = await model.GenerateAsync("river", seed: 7);
image.Save(args[1]);
Console.WriteLine($"libtorch {TorchRuntime.Version}, {TorchRuntime.LoadedPath}");
