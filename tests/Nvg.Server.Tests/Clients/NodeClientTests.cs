using System.Text.Json;
using Nvg.Imaging;

namespace Nvg.Server.Tests.Clients;

/// <summary>Clients for Node.js, unmodified: the npm packages <c>openai</c> and <c>@ai-sdk/openai-compatible</c>.</summary>
public sealed class NodeClientTests(ServedTinyModel model, NodeClients node) : IClassFixture<ServedTinyModel>, IClassFixture<NodeClients>
{
    private const string Key = "a key of sufficient length";

    [NodeFact]
    public async Task OpenAi_ThePackage_GeneratesEditsAndStreams()
    {
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.Keys.Add(Key));
        RgbImage original = Images.Gradient(8, 8);
        string image = node.Write("image.png", ImageFile.Encode(original, ImageFormat.Png));
        string mask = node.Write("mask.png", OpenAiClientTests.LeftColumnTransparent());
        JsonElement found = await node.RunAsync("openai.mjs", $"{server.Url}", Key, image, mask);

        Assert.Equal("tiny", Assert.Single(found.GetProperty("models").EnumerateArray()).GetString());
        Assert.Equal(await Task.WhenAll(ExpectedAsync(server, 7), ExpectedAsync(server, 8)), Bytes(found.GetProperty("generated")));
        Assert.Equal(["7", "8"], found.GetProperty("seeds").EnumerateArray().Select(s => s.GetString()));
        Assert.Equal(62, found.GetProperty("tokens").GetInt32());
        RgbImage edited = ImageFile.Decode(found.GetProperty("edited").GetBytesFromBase64(), "edited");
        for (int y = 0; y < 8; y++)
            Assert.Equal(original.Row(y)[12..].ToArray(), edited.Row(y)[12..].ToArray());
        Assert.NotEqual(original.Pixels, edited.Pixels);
        Assert.Equal(8, ImageFile.Decode(found.GetProperty("several").GetBytesFromBase64(), "several").Width);

        Assert.Equal(["image_generation.partial_image", "image_generation.partial_image", "image_generation.completed"],
            found.GetProperty("events").EnumerateArray().Select(e => e.GetString()));
        Assert.Equal(await ExpectedAsync(server, 7), found.GetProperty("streamed").GetBytesFromBase64());
        Assert.Equal("image_generation.partial_image", found.GetProperty("left").GetString());
        await server.UntilIdleAsync();
    }

    [NodeFact]
    public async Task OpenAi_ThePackage_UnderstandsErrors()
    {
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.Keys.Add(Key));
        string image = node.Write("image.png", ImageFile.Encode(Images.Gradient(8, 8), ImageFormat.Png));
        string mask = node.Write("mask.png", OpenAiClientTests.LeftColumnTransparent());
        JsonElement errors = (await node.RunAsync("openai.mjs", $"{server.Url}", Key, image, mask)).GetProperty("errors");

        Assert.Equal((400, "invalid_request_error", "prompt"), Error(errors.GetProperty("prompt")));
        Assert.Equal((404, "invalid_request_error", "model"), Error(errors.GetProperty("model")));
        Assert.Equal("model_not_found", errors.GetProperty("model").GetProperty("code").GetString());
        Assert.Equal((401, "AuthenticationError"),
            (errors.GetProperty("key").GetProperty("status").GetInt32(), errors.GetProperty("key").GetProperty("name").GetString()));

        static (int, string?, string?) Error(JsonElement error) => (error.GetProperty("status").GetInt32(),
            error.GetProperty("type").GetString(), error.GetProperty("param").GetString());
    }

    [NodeFact]
    public async Task AiSdk_ThePackages_GenerateWithASeed()
    {
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.Keys.Add(Key));
        JsonElement found = await node.RunAsync("ai-sdk.mjs", $"{server.Url}", Key);

        Assert.Equal(await ExpectedAsync(server, 7), found.GetProperty("image").GetBytesFromBase64());
        Assert.Equal("image/png", found.GetProperty("mediaType").GetString());
        byte[][] images = Bytes(found.GetProperty("images"));
        Assert.All(images, image => Assert.Equal(8, ImageFile.Decode(image, "image").Width));
        Assert.Equal(3, images.Select(Convert.ToBase64String).Distinct().Count());
        Assert.Equal(400, found.GetProperty("error").GetProperty("status").GetInt32());
        Assert.Contains("must name one class", found.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private static async Task<byte[]> ExpectedAsync(TestServer server, ulong seed) =>
        ImageFile.Encode((await server.Model.GenerateAsync("ship", seed: seed)).Image, ImageFormat.Png);

    private static byte[][] Bytes(JsonElement images) => [.. images.EnumerateArray().Select(image => image.GetBytesFromBase64())];
}
