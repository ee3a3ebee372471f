using Nvg;
using Nvg.Imaging;
using Nvg.Torch;

// Generates the image of a class: Consumer MODEL FILE.
using NvgModel model = NvgModel.Load(args[0]);
using var pipeline = new NvgPipeline(model);
var request = new GenerationRequest { Images = GenerationRequest.OfClasses([8], count: 1, seed: 7) };
IReadOnlyList<GeneratedImage> images = await pipeline.GenerateAsync(request);
ImageFile.Write(args[1], images[0].Image);
Console.WriteLine($"libtorch {TorchRuntime.Version}, {TorchRuntime.LoadedPath}");
