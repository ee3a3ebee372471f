using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Nvg;
using Nvg.Documents;
using Nvg.Imaging;
using Nvg.Server;
using Nvg.Tokenizers;
using Nvg.Torch;

// Consumer MODEL RECORDED.nvg FOLDER: generates the recorded image again, reconstructs it and serves it. Exits with 1 where the
// tokens differ, or a pixel by more than one grey level.
(string modelFolder, string recordedFile, string output) = (args[0], args[1], args[2]);
ImageDocument recorded = ImageDocument.Read(recordedFile);
var watch = Stopwatch.StartNew();
GeneratedImage image;
await using (NvgModel model = await NvgModel.LoadAsync(modelFolder))
{
    image = await model.GenerateAsync(recorded.Description.Class, recorded.Description.Seed);
    Console.WriteLine($"{TorchRuntime.Door} door, libtorch {TorchRuntime.Version}, first image after {watch.Elapsed.TotalSeconds:F1} s");
    image.Save(Path.Combine(output, "generated.png"));
    Require(image.Sequence.SequenceEqual(recorded.Sequence), "the tokens are those of the compiled door");
    Require(Distance(image.Image, recorded.Image) <= 1, "no pixel differs by more than a grey level");
    RgbImage reconstructed = Reconstruct(model, image.Image);
    reconstructed.Save(Path.Combine(output, "reconstructed.png"));
    Require(MeanDistance(reconstructed, image.Image) < 16, "the reconstruction is like the image");
}

RgbImage served = await ServeAsync(modelFolder, recorded);
Require(Distance(served, image.Image) == 0, "the server gives the same image");
Console.WriteLine($"peak memory {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB");

static RgbImage Reconstruct(NvgModel model, RgbImage image)
{
    using var scope = new TensorScope();
    using IImageDescription description = ((IImageModel)model).ImageTokenizer.Describe(ImageTensor.Load([image]));
    return ImageTensor.ToImages(description.Decode(description.Tokens.Count - 1))[0];
}

static async Task<RgbImage> ServeAsync(string folder, ImageDocument recorded)
{
    WebApplicationBuilder builder = WebApplication.CreateBuilder();
    builder.Logging.SetMinimumLevel(LogLevel.Warning);
    builder.Services.AddNvgServer(options => options.ModelFolders.Add(folder));
    await using WebApplication app = builder.Build();
    app.Urls.Add("http://127.0.0.1:0");
    app.MapNvg();
    await app.StartAsync();
    using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = TimeSpan.FromMinutes(5) };
    var request = new { @class = recorded.Description.Label, seed = recorded.Description.Seed };
    using HttpResponseMessage accepted = await client.PostAsJsonAsync("/api/jobs", request);
    accepted.EnsureSuccessStatusCode();
    JsonElement job = await accepted.Content.ReadFromJsonAsync<JsonElement>();
    string address = $"/api/jobs/{job.GetProperty("id").GetString()}";
    while (job.GetProperty("state").GetString() is "queued" or "running")
    {
        await Task.Delay(200);
        job = await client.GetFromJsonAsync<JsonElement>(address);
    }

    byte[] png = await client.GetByteArrayAsync($"{address}/images/0.png");
    await app.StopAsync();
    return ImageFile.Decode(png, "the served image");
}

static int Distance(RgbImage a, RgbImage b) => a.Pixels.Zip(b.Pixels, (x, y) => Math.Abs(x - y)).Max();

static double MeanDistance(RgbImage a, RgbImage b) => a.Pixels.Zip(b.Pixels, (x, y) => Math.Abs(x - y)).Average();

static void Require(bool holds, string claim)
{
    Console.WriteLine($"{(holds ? "ok    " : "FAILED")} {claim}");
    if (!holds)
        Environment.Exit(1);
}
