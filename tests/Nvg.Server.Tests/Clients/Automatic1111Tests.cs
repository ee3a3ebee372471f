using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Nvg.Imaging;

namespace Nvg.Server.Tests.Clients;

/// <summary>The part of AUTOMATIC1111's API that is served with <c>--sdapi</c>, with the fields that its clients send.</summary>
public sealed class Automatic1111Tests(ServedTinyModel model) : IClassFixture<ServedTinyModel>
{
    private const string Root = "/sdapi/v1/", Key = "a key of sufficient length";

    [Fact]
    public async Task TextToImage_OfAChatFrontEnd_GivesTheImageOfTheSeed()
    {
        await using TestServer server = await StartAsync();
        // What SillyTavern sends, with the settings that mean nothing here.
        JsonElement answer = await PostAsync(server, "txt2img", new
        {
            prompt = "best quality, a lion in the grass",
            negative_prompt = "blurry",
            sampler_name = "Euler a",
            scheduler = "Automatic",
            steps = 20,
            cfg_scale = 7,
            width = 512,
            height = 512,
            restore_faces = false,
            enable_hr = false,
            seed = 12,
            clip_skip = 1,
            override_settings = new { CLIP_stop_at_last_layers = 1 },
            override_settings_restore_afterwards = true,
            save_images = true,
            send_images = true,
        });
        byte[] expected = ImageFile.Encode((await server.Model.GenerateAsync("lion", seed: 12)).Image, ImageFormat.Png);
        Assert.Equal(expected, Assert.Single(ImagesOf(answer)));
        JsonElement info = JsonDocument.Parse(answer.GetProperty("info").GetString()!).RootElement;
        Assert.Equal((12, "lion", "tiny"), (info.GetProperty("seed").GetInt32(), info.GetProperty("prompt").GetString(),
            info.GetProperty("sd_model_name").GetString()));
        Assert.Equal(JsonValueKind.Object, answer.GetProperty("parameters").ValueKind);
    }

    [Fact]
    public async Task TextToImage_OfSeveralWithASeed_CountsSeedsUp()
    {
        await using TestServer server = await StartAsync();
        JsonElement answer = await PostAsync(server, "txt2img", new { prompt = "ship", seed = 5, batch_size = 2, n_iter = 2 });
        JsonElement info = JsonDocument.Parse(answer.GetProperty("info").GetString()!).RootElement;
        Assert.Equal([5, 6, 7, 8], info.GetProperty("all_seeds").EnumerateArray().Select(s => s.GetInt32()));
        Assert.Equal(4, ImagesOf(answer).Select(Convert.ToBase64String).Distinct().Count());
    }

    [Fact]
    public async Task TextToImage_WithSeedMinusOne_DrawsADifferentOneEachTime()
    {
        await using TestServer server = await StartAsync();
        string[] seeds = [.. await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
            JsonDocument.Parse((await PostAsync(server, "txt2img", new { prompt = "ship", seed = -1 })).GetProperty("info").GetString()!)
                .RootElement.GetProperty("seed").GetRawText()))];
        Assert.Equal(3, seeds.Distinct().Count());
    }

    [Fact]
    public async Task ImageToImage_WithAMask_ChangesOnlyWhatIsWhite()
    {
        await using TestServer server = await StartAsync();
        RgbImage original = Images.Gradient(8, 8);
        foreach (bool inverted in (bool[])[false, true])
        {
            byte[] mask = ImageFile.Encode(Columns(from: 0, to: 2, white: !inverted), ImageFormat.Png);
            JsonElement answer = await PostAsync(server, "img2img", new
            {
                prompt = "lion",
                seed = 3,
                init_images = new[] { "data:image/png;base64," + Base64(original) },
                mask = Convert.ToBase64String(mask),
                inpainting_mask_invert = inverted ? 1 : 0,
            });
            RgbImage result = ImageFile.Decode(Assert.Single(ImagesOf(answer)), "answer");
            for (int y = 0; y < 8; y++)
                Assert.Equal(original.Row(y)[12..].ToArray(), result.Row(y)[12..].ToArray());
            Assert.NotEqual(original.Pixels, result.Pixels);
        }
    }

    [Fact]
    public async Task ImageToImage_WithAStrength_KeepsAsManyStages()
    {
        await using TestServer server = await StartAsync();
        string original = Base64(Images.Gradient(20, 16));
        // Of five stages, a strength of 0.5 keeps two.
        byte[] expected = (await server.GenerateAsync(new
        {
            @class = "ship",
            seed = 4,
            reference = new { image = original },
            keep = new { structure = 2, content = 2 },
        }))[0];
        byte[] half = await StrengthAsync(0.5), all = await StrengthAsync(1);
        Assert.Equal(expected, half);
        // Nothing of the original is left.
        Assert.Equal(ImageFile.Encode((await server.Model.GenerateAsync("ship", seed: 4)).Image, ImageFormat.Png), all);

        async Task<byte[]> StrengthAsync(double strength) => Assert.Single(ImagesOf(await PostAsync(server, "img2img",
            new { prompt = "ship", seed = 4, init_images = new[] { original }, denoising_strength = strength })));
    }

    [Theory]
    [InlineData("txt2img", """{"prompt":"a unicorn"}""", "prompt")]
    [InlineData("txt2img", """{"prompt":"ship","batch_size":100}""", "batch_size")]
    [InlineData("txt2img", """{"prompt":"ship","override_settings":{"sd_model_checkpoint":"other"}}""", "other")]
    [InlineData("img2img", """{"prompt":"ship"}""", "init_images")]
    [InlineData("img2img", """{"prompt":"ship","init_images":["http://example.com/a.png"]}""", "URLs are not fetched")]
    [InlineData("img2img", """{"prompt":"ship","init_images":["AAAA"]}""", "neither PNG")]
    [InlineData("options", """{"sd_model_checkpoint":"other"}""", "sd_model_checkpoint")]
    public async Task Request_ThatIsWrong_SaysWhat(string path, string body, string expected)
    {
        await using TestServer server = await StartAsync();
        using HttpResponseMessage response =
            await server.Client.PostAsync(Root + path, new StringContent(body, Encoding.UTF8, "application/json"));
        JsonElement error = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(expected, error.GetProperty("detail").GetString()! + error.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lists_OfTheServer_NameItsModel()
    {
        await using TestServer server = await StartAsync();
        Assert.Equal("tiny", (await server.GetJsonAsync(Root + "options")).GetProperty("sd_model_checkpoint").GetString());
        JsonElement only = Assert.Single((await server.GetJsonAsync(Root + "sd-models")).EnumerateArray());
        Assert.Equal(("tiny", "tiny"), (only.GetProperty("title").GetString(), only.GetProperty("model_name").GetString()));
        Assert.Single((await server.GetJsonAsync(Root + "samplers")).EnumerateArray());
        Assert.Single((await server.GetJsonAsync(Root + "schedulers")).EnumerateArray());
        foreach (string empty in (string[])["upscalers", "latent-upscale-modes", "sd-vae", "sd-modules", "loras", "embeddings"])
            Assert.Equal(0, (await server.GetJsonAsync(Root + empty)).GetArrayLength());
        // Choosing the model that is the default anyway is what clients do when they connect.
        await PostAsync(server, "options", new { sd_model_checkpoint = "tiny" });
    }

    [Fact]
    public async Task ProgressAndInterrupt_OfTwoClients_AreEachTheirOwn()
    {
        const string other = "another key of that length";
        var engine = new GatedEngine();
        await using TestServer server = await StartAsync(engine, Key, other);
        using HttpClient first = Client(server, Key), second = Client(server, other);
        Task<HttpResponseMessage> running = first.PostAsJsonAsync(Root + "txt2img", new { prompt = "ship", seed = 1, n_iter = 3 });
        await TestServer.UntilAsync(() => engine.Passes.Count == 1, "nothing is computed");
        JsonElement own = (await first.GetFromJsonAsync<JsonElement>(Root + "progress")).GetProperty("state"),
            foreign = (await second.GetFromJsonAsync<JsonElement>(Root + "progress")).GetProperty("state");
        Assert.Equal((3, 0), (own.GetProperty("job_count").GetInt32(), foreign.GetProperty("job_count").GetInt32()));
        // One client's interruption is nothing to the other.
        using HttpResponseMessage nothing = await second.PostAsync(Root + "interrupt", null);
        Assert.False(running.IsCompleted);
        engine.Open(1);
        await TestServer.UntilAsync(() => engine.Passes.Count == 2, "the second image is not computed");
        using HttpResponseMessage interrupted = await first.PostAsync(Root + "interrupt", null);
        JsonElement answer = JsonDocument.Parse(await (await running).Content.ReadAsStringAsync()).RootElement;
        Assert.Single(ImagesOf(answer));
        Assert.Equal(0, (await first.GetFromJsonAsync<JsonElement>(Root + "progress")).GetProperty("progress").GetDouble());
    }

    [Fact]
    public async Task Api_WithoutItsSwitchOrKey_IsClosed()
    {
        await using TestServer without = await TestServer.StartAsync(model);
        using HttpResponseMessage absent = await without.Client.GetAsync(Root + "sd-models");
        await using TestServer closed = await StartAsync(null, Key);
        using HttpResponseMessage unauthorized = await closed.Client.GetAsync(Root + "sd-models");
        using HttpClient client = Client(closed, Key);
        using HttpResponseMessage open = await client.GetAsync(Root + "sd-models");
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.Unauthorized, HttpStatusCode.OK),
            (absent.StatusCode, unauthorized.StatusCode, open.StatusCode));
    }

    private Task<TestServer> StartAsync(GatedEngine? engine = null, params string[] keys) => TestServer.StartAsync(model, o =>
    {
        o.Server.Automatic1111 = true;
        foreach (string key in keys)
            o.Server.Keys.Add(key);
    }, engine);

    // Its clients send the key as a password.
    private static HttpClient Client(TestServer server, string key)
    {
        HttpClient client = server.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("user:" + key)));
        return client;
    }

    private static async Task<JsonElement> PostAsync(TestServer server, string path, object body)
    {
        using HttpResponseMessage response = await server.Client.PostAsJsonAsync(Root + path, body);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private static byte[][] ImagesOf(JsonElement answer) =>
        [.. answer.GetProperty("images").EnumerateArray().Select(image => image.GetBytesFromBase64())];

    private static string Base64(RgbImage image) => Convert.ToBase64String(ImageFile.Encode(image, ImageFormat.Png));

    private static RgbImage Columns(int from, int to, bool white) => new(8, 8,
        [.. Enumerable.Range(0, 64).SelectMany(i => Enumerable.Repeat((byte)((i % 8 >= from && i % 8 < to) == white ? 255 : 0), 3))]);
}
