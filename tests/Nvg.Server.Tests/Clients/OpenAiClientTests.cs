using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.TextToImage;
using Nvg.Imaging;
using OpenAI;
using OpenAI.Images;

namespace Nvg.Server.Tests.Clients;

/// <summary>Clients that know nothing of this server: the OpenAI library, and two that are built on it.</summary>
public sealed class OpenAiClientTests(ServedTinyModel model) : IClassFixture<ServedTinyModel>, IAsyncLifetime
{
    private const string Key = "a key of sufficient length";

    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync(model, o => o.Server.Keys.Add(Key));

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Generate_WithTheOpenAiLibrary_GivesAnImageOfTheModel()
    {
        ClientResult<OpenAI.Images.GeneratedImage> one = await Images().GenerateImageAsync("a photo of a sea lion",
            new OpenAI.Images.ImageGenerationOptions { ResponseFormat = GeneratedImageFormat.Bytes });
        RgbImage image = ImageFile.Decode(one.Value.ImageBytes.ToMemory(), "answer");
        Assert.Equal((8, 8), (image.Width, image.Height));
        ClientResult<GeneratedImageCollection> three = await Images().GenerateImagesAsync("ship", 3,
            new OpenAI.Images.ImageGenerationOptions { Size = OpenAI.Images.GeneratedImageSize.W1024xH1024 });
        Assert.Equal(3, three.Value.Select(i => Convert.ToBase64String(i.ImageBytes.ToArray())).Distinct().Count());
    }

    [Fact]
    public async Task Generate_WithALink_AnswersALinkThatWorks()
    {
        ClientResult<OpenAI.Images.GeneratedImage> linked = await Images()
            .GenerateImageAsync("ship", new OpenAI.Images.ImageGenerationOptions { ResponseFormat = GeneratedImageFormat.Uri });
        using HttpClient client = _server.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        Assert.Equal(8, ImageFile.Decode(await client.GetByteArrayAsync(linked.Value.ImageUri), "linked").Width);
        using HttpResponseMessage withoutKey = await _server.Client.GetAsync(linked.Value.ImageUri);
        Assert.Equal(HttpStatusCode.Unauthorized, withoutKey.StatusCode);
    }

    [Fact]
    public async Task Edit_WithAMask_ChangesOnlyWhatIsTransparent()
    {
        RgbImage photograph = Nvg.Testing.Images.Gradient(8, 8);
        byte[] image = ImageFile.Encode(photograph, ImageFormat.Png), mask = LeftColumnTransparent();
        ClientResult<OpenAI.Images.GeneratedImage> edited = await Images().GenerateImageEditAsync(
            new MemoryStream(image), "a.png", "lion", new MemoryStream(mask), "mask.png", new ImageEditOptions());
        RgbImage result = ImageFile.Decode(edited.Value.ImageBytes.ToMemory(), "edited");
        for (int y = 0; y < 8; y++)
            Assert.Equal(photograph.Row(y)[12..].ToArray(), result.Row(y)[12..].ToArray());
        Assert.NotEqual(photograph.Pixels, result.Pixels);
    }

    [Fact]
    public async Task Edit_WithoutAMask_KeepsTheStructure()
    {
        byte[] image = ImageFile.Encode(Nvg.Testing.Images.Gradient(30, 20), ImageFormat.Jpeg);
        ClientResult<OpenAI.Images.GeneratedImage> edited =
            await Images().GenerateImageEditAsync(new MemoryStream(image), "a.jpg", "lion", new ImageEditOptions());
        Assert.Equal(8, ImageFile.Decode(edited.Value.ImageBytes.ToMemory(), "edited").Width);
    }

    [Fact]
    public async Task Stream_OfPartialImages_ShowsStagesAndTheImage()
    {
        byte[] body =
            JsonSerializer.SerializeToUtf8Bytes(new { model = "tiny", prompt = "ship", stream = true, partial_images = 3, seed = 7 });
        using var content = System.ClientModel.BinaryContent.Create(BinaryData.FromBytes(body));
        var events = new List<(string Type, JsonElement Data)>();
        ClientResult result = await Images().GenerateImagesAsync(content, new RequestOptions { BufferResponse = false });
        await foreach (SseItem<string> item in SseParser.Create(result.GetRawResponse().ContentStream!).EnumerateAsync())
            events.Add((item.EventType, JsonDocument.Parse(item.Data).RootElement));
        Assert.Equal([.. Enumerable.Repeat("image_generation.partial_image", 3), "image_generation.completed"], events.Select(e => e.Type));
        Assert.All(events, e => Assert.Equal(e.Type, e.Data.GetProperty("type").GetString()));
        Assert.Equal([0, 1, 2], events.Take(3).Select(e => e.Data.GetProperty("partial_image_index").GetInt32()));
        byte[] last = events[^1].Data.GetProperty("b64_json").GetBytesFromBase64();
        Assert.Equal(ImageFile.Encode((await _server.Model.GenerateAsync("ship", seed: 7)).Image, ImageFormat.Png), last);
        Assert.Equal(31, events[^1].Data.GetProperty("usage").GetProperty("output_tokens").GetInt32());
    }

    [Theory]
    [InlineData("tiny", "nothing we know", 400, "invalid_request_error", "prompt")]
    [InlineData("gpt-image-1", "ship", 404, "invalid_request_error", "model")]
    public async Task Generate_OfSomethingWrong_IsExplainedByTheLibrary(string name, string prompt, int status, string type,
        string parameter)
    {
        var error = await Assert.ThrowsAsync<ClientResultException>(() => Images(name).GenerateImageAsync(prompt));
        Assert.Equal(status, error.Status);
        Assert.Contains(type, error.Message, StringComparison.Ordinal);
        Assert.Contains(parameter, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_WithAWrongKey_IsUnauthorized()
    {
        var client = new ImageClient("tiny", new ApiKeyCredential("not the key"), Options());
        Assert.Equal(401, (await Assert.ThrowsAsync<ClientResultException>(() => client.GenerateImageAsync("ship"))).Status);
    }

    [Fact]
    public async Task Models_Listed_AreThoseOfTheServer()
    {
        var client = new OpenAIClient(new ApiKeyCredential(Key), Options());
        Assert.Equal(["tiny"], (await client.GetOpenAIModelClient().GetModelsAsync()).Value.Select(m => m.Id));
    }

    [Fact]
    public async Task ImageGenerator_OfExtensionsAi_Works()
    {
        using IImageGenerator generator = Images().AsIImageGenerator();
        ImageGenerationResponse answer = await generator.GenerateImagesAsync("a lion",
            new Microsoft.Extensions.AI.ImageGenerationOptions { Count = 2 });
        Assert.All(answer.Contents.Cast<DataContent>(), content => Assert.Equal(8, ImageFile.Decode(content.Data, "answer").Width));
        Assert.Equal(2, answer.Contents.Count);
    }

    [Fact]
    public async Task SemanticKernel_TextToImage_Works()
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddOpenAITextToImage(Key, modelId: "tiny", httpClient: new HttpClient(new Redirect(_server.Url)));
        ITextToImageService service = builder.Build().GetRequiredService<ITextToImageService>();
        IReadOnlyList<ImageContent> images = await service.GetImageContentsAsync(new Microsoft.SemanticKernel.TextContent("ship"),
            new PromptExecutionSettings());
        ImageContent only = Assert.Single(images);
        byte[] bytes = only.Data is { } data ? data.ToArray() : await Download(only.Uri!);
        Assert.Equal(8, ImageFile.Decode(bytes, "answer").Width);
    }

    private async Task<byte[]> Download(Uri uri)
    {
        using HttpClient client = _server.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        return await client.GetByteArrayAsync(uri);
    }

    private ImageClient Images(string name = "tiny") => new(name, new ApiKeyCredential(Key), Options());

    private OpenAIClientOptions Options() => new() { Endpoint = new Uri(_server.Url, "/v1"), RetryPolicy = new ClientRetryPolicy(0) };

    internal static byte[] LeftColumnTransparent()
    {
        using var mask = NetVips.Image.NewFromMemory(
            Enumerable.Range(0, 64).SelectMany(i => new byte[] { 255, 255, 255, (byte)(i % 8 < 2 ? 0 : 255) }).ToArray(), 8, 8, 4,
                NetVips.Enums.BandFormat.Uchar);
        using NetVips.Image colours = mask.Copy(interpretation: NetVips.Enums.Interpretation.Srgb);
        return colours.PngsaveBuffer();
    }

    /// <summary>Sends requests for the service of OpenAI to another server: its connector takes no other address.</summary>
    private sealed class Redirect(Uri server) : DelegatingHandler(new HttpClientHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri = new Uri(server, request.RequestUri!.PathAndQuery);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
