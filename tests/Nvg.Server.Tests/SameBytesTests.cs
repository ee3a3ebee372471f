using System.Diagnostics;
using Nvg.Documents;
using Nvg.Imaging;

namespace Nvg.Server.Tests;

/// <summary>The same seed gives the same bytes: alone, under load, in a shared pass, from C# and from the command line.</summary>
public sealed class SameBytesTests(ServedTinyModel model) : IClassFixture<ServedTinyModel>
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Images_ComputedTogether_AreThoseComputedAlone(int batch)
    {
        var engine = new GatedEngine();
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.BatchSize = batch, engine);
        engine.Open();
        object[] requests = Requests();
        var alone = new List<byte[]>();
        foreach (object request in requests)
            alone.AddRange(await server.GenerateAsync(request));
        byte[][][] together = await Task.WhenAll(requests.Concat(requests).Select(r => server.GenerateAsync(r)));
        Assert.Equal(alone.Concat(alone), together.SelectMany(images => images));
        Assert.Equal(batch > 1, engine.Passes.Any(pass => pass.Length > 1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Images_OfTheServer_AreThoseOfTheLibrary(int batch)
    {
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.BatchSize = batch);
        byte[] served = (await server.GenerateAsync(new { @class = "lion", seed = 12 }))[0];
        IReadOnlyList<GeneratedImage> images = await server.Model.GenerateAsync(new GenerationRequest
        {
            Images = [new ImageRequest("lion", 12)],
            BatchSize = batch,
            FillsBatches = true,
        });
        Assert.Equal(ImageFile.Encode(images[0].Image, ImageFormat.Png), served);
        // By default, a library on a CPU computes one at a time as well.
        if (batch == 1)
            Assert.Equal(images[0].Image.Pixels, (await server.Model.GenerateAsync("lion", seed: 12)).Image.Pixels);
    }

    [Fact]
    public async Task Image_OfTheServer_IsThatOfTheCommandLine()
    {
        using var folder = new TemporaryFolder();
        await using TestServer server = await TestServer.StartAsync(model);
        byte[] labels = ImageFile.Encode(Images.Gradient(9, 9), ImageFormat.Png);
        folder.Write("drawing.png", labels);
        (int exitCode, string error) = await RunAsync(
            "generate", "--model", model.Folder, "--class", "sea lion", "--seed", "21", "--structure", folder["drawing.png"],
                "--structure-stages", "3",
            "--temperature", "0.9", "--threads", "1", "-o", folder["out"], "--save", folder["saved"]);
        Assert.True(exitCode == 0, error);
        byte[][] served = await server.GenerateAsync(new
        {
            @class = "sea lion",
            seed = 21,
            structure = new { images = new[] { Convert.ToBase64String(labels) }, stages = 3 },
            sampling = new { temperature = 0.9 },
        });
        Assert.Equal(await File.ReadAllBytesAsync(folder["out/sea lion/21.png"]), served[0]);
        string saved = Directory.GetFiles(folder["saved"], "*.nvg", SearchOption.AllDirectories).Single();
        byte[][] continued = await server.GenerateAsync(
            new { reference = new { image = Convert.ToBase64String(await File.ReadAllBytesAsync(saved)) } }, "nvg");
        Assert.Equal(ImageDocument.Read(saved).Image.Pixels, ImageDocument.Read(continued[0], "continued").Image.Pixels);
    }

    private static object[] Requests() =>
    [
        new { @class = "ship", seed = 1 },
        new { @class = "lion", seed = 2, count = 2 },
        new { @class = "ship", seed = 3, sampling = new { temperature = 0.7 } },
        new { @class = "ship", seed = 4, structure = new { labels = new[] { new[] { 0, 1 }, new[] { 0, 1 } } } },
        new { @class = "sea lion", seed = 5, structure = new { brightness = new[] { new[] { 0, 200 }, new[] { 10, 255 } }, stages = 3 } },
        new { @class = "ship", seed = 6, to = new { @class = "lion", share = 0.5 } },
    ];

    private static async Task<(int ExitCode, string Error)> RunAsync(params string[] arguments)
    {
        using Process process =
            Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Nvg.Cli.dll"), .. arguments])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!;
        Task<string> error = process.StandardError.ReadToEndAsync(), output = process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await error + await output);
    }
}
