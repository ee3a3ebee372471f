using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Nvg.Documents;
using Nvg.Imaging;

namespace Nvg.Server.Tests;

/// <summary>The native API, as docs/serving.md describes it.</summary>
public sealed class NativeApiTests(ServedTinyModel model) : IClassFixture<ServedTinyModel>, IAsyncLifetime
{
    private const int Length = 16, Stages = 5;

    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync(model);

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Models_OfTheServer_SayWhatAPageNeeds()
    {
        JsonElement answer = await _server.GetJsonAsync("/api/models"), tiny = answer.GetProperty("models")[0];
        Assert.Equal("tiny", tiny.GetProperty("name").GetString());
        Assert.Equal(Stages, tiny.GetProperty("stages").GetArrayLength());
        Assert.Equal(Length, tiny.GetProperty("stages")[Stages - 1].GetProperty("clusters").GetInt32());
        Assert.Equal("boat", tiny.GetProperty("classes")[0].GetProperty("synonyms")[0].GetString());
        Assert.Equal(2, tiny.GetProperty("sampling").GetProperty("structureSteps").GetInt32());
        Assert.True(answer.GetProperty("limits").GetProperty("uploadPixels").GetInt64() > 0);
    }

    [Fact]
    public async Task Events_OfAJob_TellEveryStageInOrder()
    {
        JsonElement job = await _server.PostJobAsync(new { @class = "ship", seed = 7 });
        List<ServerEvent> events = await _server.ReadEventsAsync(job.GetProperty("id").GetString()!);
        Assert.Equal(["queued", "started", .. Enumerable.Repeat("stage", Stages), "image", "completed"], events.Select(e => e.Name));
        Assert.Equal(Enumerable.Range(1, events.Count).Select(i => $"{i}"), events.Select(e => e.Id));
        int[] before = new int[Length];
        foreach ((int stage, ServerEvent item) in events.Skip(2).Take(Stages).Index())
        {
            JsonElement image = item.Json.GetProperty("images")[0];
            int[] map = [.. image.GetProperty("structure").EnumerateArray().Select(l => l.GetInt32())];
            Assert.Equal(stage, item.Json.GetProperty("stage").GetInt32());
            // Balanced and nested: every cluster is half of its parent.
            Assert.All(map.GroupBy(l => l), cluster => Assert.Equal(Length >> stage, cluster.Count()));
            Assert.All(map.Zip(before), pair => Assert.Equal(pair.Second, stage == 0 ? 0 : pair.First >> 1));
            before = map;
            byte[] preview = await _server.Client.GetByteArrayAsync(image.GetProperty("preview").GetString());
            Assert.Equal(8, ImageFile.Decode(preview, "preview").Width);
        }

        Assert.Equal("7", events[^2].Json.GetProperty("seed").GetString());
    }

    [Fact]
    public async Task Events_AfterAnId_GoOnThere()
    {
        JsonElement job = await _server.PostJobAsync(new { @class = 0, seed = "18446744073709551615", previews = false });
        string id = job.GetProperty("id").GetString()!;
        List<ServerEvent> all = await _server.ReadEventsAsync(id), rest = await _server.ReadEventsAsync(id, after: 3);
        Assert.Equal(all.Skip(3), rest);
        Assert.Equal(JsonValueKind.Null, all[2].Json.GetProperty("images")[0].GetProperty("preview").ValueKind);
        using HttpResponseMessage nothing = await _server.Client.GetAsync($"/api/jobs/{id}/events?lastEventId={all.Count}");
        Assert.Equal(HttpStatusCode.NoContent, nothing.StatusCode);
        Assert.Equal("18446744073709551615", job.GetProperty("images")[0].GetProperty("seed").GetString());
    }

    [Theory]
    [InlineData(".png", null, "image/png")]
    [InlineData(".jpg", null, "image/jpeg")]
    [InlineData(".webp", null, "image/webp")]
    [InlineData(".nvg", null, "application/vnd.nvg")]
    [InlineData("", "image/webp", "image/webp")]
    [InlineData("", "text/html, */*;q=0.1", "image/png")]
    public async Task Image_OfAFinishedJob_ComesInTheFormatAskedFor(string extension, string? accept, string type)
    {
        JsonElement job = await _server.PostJobAsync(new { @class = "ship", seed = 1 });
        string id = job.GetProperty("id").GetString()!;
        await _server.ReadEventsAsync(id);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/jobs/{id}/images/0{extension}");
        if (accept is not null)
            request.Headers.Accept.ParseAdd(accept);
        using HttpResponseMessage response = await _server.Client.SendAsync(request);
        Assert.Equal(type, response.Content.Headers.ContentType!.MediaType);
        byte[] bytes = await response.Content.ReadAsByteArrayAsync();
        RgbImage image = extension == ".nvg" ? ImageDocument.Read(bytes, "answer").Image : ImageFile.Decode(bytes, "answer");
        Assert.Equal((8, 8), (image.Width, image.Height));
    }

    [Fact]
    public async Task Image_Scaled_IsEnlargedWithoutSmoothing()
    {
        JsonElement job = await _server.PostJobAsync(new { @class = "ship", seed = 1 });
        string id = job.GetProperty("id").GetString()!;
        await _server.ReadEventsAsync(id);
        RgbImage small = ImageFile.Decode(await _server.Client.GetByteArrayAsync($"/api/jobs/{id}/images/0.png"), "small");
        RgbImage large = ImageFile.Decode(await _server.Client.GetByteArrayAsync($"/api/jobs/{id}/images/0.png?scale=3"), "large");
        Assert.Equal(small.Enlarge(3).Pixels, large.Pixels);
        using HttpResponseMessage tooLarge = await _server.Client.GetAsync($"/api/jobs/{id}/images/0.png?scale=17");
        Assert.Equal(HttpStatusCode.BadRequest, tooLarge.StatusCode);
    }

    [Fact]
    public async Task Document_PostedAsReference_GivesTheSameBytesAgain()
    {
        byte[] document = (await _server.GenerateAsync(new { @class = "lion", seed = 5 }, "nvg"))[0];
        byte[] again = (await _server.GenerateAsync(new { reference = new { image = Convert.ToBase64String(document) } }, "nvg"))[0];
        Assert.Equal(ImageDocument.Read(document, "first").Image.Pixels, ImageDocument.Read(again, "again").Image.Pixels);
    }

    [Fact]
    public async Task Job_AsReference_KeepsTheStagesThatAreNamed()
    {
        JsonElement first = await _server.PostJobAsync(new { @class = "ship", seed = 3 });
        string id = first.GetProperty("id").GetString()!;
        await _server.ReadEventsAsync(id);
        var own = ImageDocument.Read(await _server.Client.GetByteArrayAsync($"/api/jobs/{id}/images/0.nvg"), "own");
        byte[] bytes = (await _server.GenerateAsync(
            new
            {
                @class = "lion",
                seed = 4,
                reference = new { job = id, index = 0 },
                keep = new { structure = 3, content = new[] { 0, 2 } }
            }, "nvg"))[0];
        var varied = ImageDocument.Read(bytes, "varied");
        for (int stage = 0; stage < 3; stage++)
            Assert.Equal(own.Sequence.Labels(stage).ToArray(), varied.Sequence.Labels(stage).ToArray());
        Assert.Equal(own.Sequence.Tokens(0).ToArray(), varied.Sequence.Tokens(0).ToArray());
        Assert.Equal(own.Sequence.Tokens(2).ToArray(), varied.Sequence.Tokens(2).ToArray());
        Assert.Equal(-1, varied.Given.Tokens(1)[0]);
    }

    [Fact]
    public async Task Structure_Explained_IsWhatImagesFollow()
    {
        int[][] labels = [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 2], [1, 1, 0, 2]];
        using HttpResponseMessage response = await _server.Client.PostAsJsonAsync("/api/structure", new { structure = new { labels } });
        JsonElement explained = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        int[] used = [.. explained.GetProperty("stages")[1].GetProperty("used").EnumerateArray().Select(l => l.GetInt32())];
        Assert.Equal(2, used.Distinct().Count());
        Assert.Equal(0, explained.GetProperty("stages")[1].GetProperty("movedCount").GetInt32());
        byte[] document = (await _server.GenerateAsync(new { @class = "ship", seed = 2, structure = new { labels } }, "nvg"))[0];
        Assert.Equal(used, ImageDocument.Read(document, "steered").Sequence.Labels(1).ToArray());
    }

    [Fact]
    public async Task Structure_OfOneTone_IsNoted()
    {
        using HttpResponseMessage response = await _server.Client.PostAsJsonAsync(
            "/api/structure", new { structure = new { brightness = new[] { new[] { 7, 7 }, new[] { 7, 7 } }, stages = 3 } });
        JsonElement notes = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("notes");
        Assert.Contains(notes.EnumerateArray(), note => note.GetString()!.Contains("stage 1 has a single tone", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Structure_AsFiles_IsThatOfTheLibrary()
    {
        byte[] drawing = ImageFile.Encode(Images.Gradient(40, 40), ImageFormat.Png);
        using var form = new MultipartFormDataContent { { new StringContent("{\"class\":\"ship\",\"seed\":2}"), "request" },
            { new ByteArrayContent(drawing), "depth", "d.png" } };
        using HttpResponseMessage response = await _server.Client.PostAsync("/api/jobs", form);
        string id = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("id").GetString()!;
        await _server.ReadEventsAsync(id);
        var document = ImageDocument.Read(await _server.Client.GetByteArrayAsync($"/api/jobs/{id}/images/0.nvg"), "steered");
        StructureMap expected = _server.Model.Structure.FromBrightness([Images.Gradient(40, 40)], stages: 4);
        for (int stage = 0; stage < 4; stage++)
            Assert.Equal(expected.Stages[stage].Used, document.Sequence.Labels(stage).ToArray());
    }

    [Fact]
    public async Task Structure_DrawingInFlatColours_GivesTheImageOfTheLibrary()
    {
        RgbImage drawing = Images.Gradient(40, 40);
        for (int i = 0; i < 40 * 40; i++)
            drawing.Pixels.AsSpan(3 * i, 3).Fill((byte)(i % 40 < 20 ? 20 : 230));
        byte[] png = ImageFile.Encode(drawing, ImageFormat.Png);
        byte[] served = (await _server.GenerateAsync(
            new { @class = "ship", seed = 4, structure = new { images = new[] { Convert.ToBase64String(png) } } }, "png"))[0];
        StructureMap structure = _server.Model.Structure.FromDrawing(drawing);
        Assert.NotNull(structure.Colours);
        GeneratedImage expected = await _server.Model.GenerateAsync(new ImageRequest("ship", 4) { Structure = structure });
        Assert.Equal(expected.Image.Pixels, ImageFile.Decode(served, "served").Pixels);
    }

    [Fact]
    public async Task Mask_OverAReference_KeepsItsSurroundings()
    {
        byte[] document = (await _server.GenerateAsync(new { @class = "ship", seed = 3 }, "nvg"))[0];
        int[] positions = [.. Enumerable.Range(0, Length).Select(l => l % 4 == 0 ? 1 : 0)];
        JsonElement job = await _server.PostJobAsync(
            new { seed = 9, reference = new { image = Convert.ToBase64String(document) }, mask = new { positions } });
        string id = job.GetProperty("id").GetString()!;
        await _server.ReadEventsAsync(id);
        var redone = ImageDocument.Read(await _server.Client.GetByteArrayAsync($"/api/jobs/{id}/images/0.nvg"), "redone");
        var before = ImageDocument.Read(document, "before");
        for (int l = 0; l < Length; l++)
        {
            if (positions[l] == 0)
                Assert.Equal(before.Sequence.Tokens(4)[l], redone.Sequence.Tokens(4)[l]);
        }

        // The right half is more than a position away from the region.
        Assert.Equal(before.Image.Row(4)[^9..].ToArray(), redone.Image.Row(4)[^9..].ToArray());
        JsonElement change = (await _server.GetJsonAsync($"/api/jobs/{id}")).GetProperty("images")[0].GetProperty("change");
        Assert.Equal(0, change.GetProperty("byDistance").EnumerateArray().Last().GetDouble());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application/octet-stream")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("image/png")]
    public async Task Documents_Opened_SayWhatIsInThem(string? type)
    {
        byte[] document = (await _server.GenerateAsync(new { @class = "sea lion", seed = 11 }, "nvg"))[0];
        using var content = new ByteArrayContent(document);
        content.Headers.ContentType = type is null ? null : new MediaTypeHeaderValue(type);
        using HttpResponseMessage response = await _server.Client.PostAsync("/api/documents", content);
        JsonElement opened = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(("document", "sea lion", "11"),
            (opened.GetProperty("kind").GetString(), opened.GetProperty("label").GetString(), opened.GetProperty("seed").GetString()));
        Assert.True(opened.GetProperty("isServed").GetBoolean() && opened.GetProperty("reproducible").GetBoolean());
        Assert.Equal([1, 2, 4, 8, 16],
            opened.GetProperty("stages").EnumerateArray().Select(s => s.GetProperty("content").GetArrayLength()));
        using var image = new MultipartFormDataContent { { new ByteArrayContent(ImageFile.Encode(Images.Gradient(20, 12),
            ImageFormat.Jpeg)), "file", "a.jpg" } };
        using HttpResponseMessage imageResponse = await _server.Client.PostAsync("/api/documents", image);
        JsonElement shown = JsonDocument.Parse(await imageResponse.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(("image", 8, Stages),
            (shown.GetProperty("kind").GetString(), shown.GetProperty("width").GetInt32(), shown.GetProperty("stages").GetArrayLength()));
    }

    [Fact]
    public async Task Interpolation_OverACount_GoesFromOneClassToTheOther()
    {
        JsonElement job = await _server.PostJobAsync(new { @class = "ship", seed = 1, count = 3, to = new { @class = "lion", seed = 2 } });
        Assert.Equal([0, 0.5, 1], job.GetProperty("images").EnumerateArray().Select(i => i.GetProperty("share").GetDouble()));
        await _server.ReadEventsAsync(job.GetProperty("id").GetString()!);
        byte[] end = await _server.Client.GetByteArrayAsync($"/api/jobs/{job.GetProperty("id").GetString()}/images/2.png");
        Assert.Equal((await _server.GenerateAsync(new { @class = "lion", seed = 2 }))[0], end);
    }

    [Theory]
    [InlineData("""{"class":"shpi"}""", "class", "ship")]
    [InlineData("""{"model":"tinny"}""", "model", "tiny")]
    [InlineData("""{"clas":"ship"}""", "clas", null)]
    [InlineData("""{"seed":-1}""", "seed", null)]
    [InlineData("""{"count":0}""", "count", null)]
    [InlineData("""{"count":100000}""", "count", null)]
    [InlineData("""{"sampling":{"topP":2}}""", "sampling", null)]
    [InlineData("""{"sampling":{"structureGuidance":4}}""", "sampling", null)]
    [InlineData("""{"sampling":{"contentGuidance":13}}""", "sampling", null)]
    [InlineData("""{"sampling":{"temperature":"hot"}}""", "sampling.temperature", null)]
    [InlineData("""{"structure":{"labels":[[1],[1,2]]}}""", "structure", null)]
    [InlineData("""{"structure":{"stages":99,"labels":[[1,2]]}}""", "structure", null)]
    [InlineData("""{"structure":{"images":["http://example.org/a.png"]}}""", "structure.images[0]", null)]
    [InlineData("""{"structure":{}}""", "structure", null)]
    [InlineData("""{"keep":{"structure":2}}""", "keep", null)]
    [InlineData("""{"mask":{"positions":[1]}}""", "mask", null)]
    [InlineData("""{"reference":{"image":"AAAA"}}""", "reference", null)]
    [InlineData("""{"construction":"features:/etc/passwd","structure":{"kind":"image","stages":2,"images":["iVBORw0KGgo="]}}""",
        "construction", null)]
    [InlineData("""{"deadline":-3}""", "deadline", null)]
    [InlineData("[1]", null, null)]
    [InlineData("{", null, null)]
    public async Task Post_OfSomethingWrong_SaysWhichFieldAndHowToMendIt(string body, string? field, string? suggestion)
    {
        using var content = new StringContent(body, new MediaTypeHeaderValue("application/json"));
        using HttpResponseMessage response = await _server.Client.PostAsync("/api/jobs", content);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, text);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        JsonElement problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal(field, problem.TryGetProperty("field", out JsonElement named) ? named.GetString() : null);
        Assert.Equal(suggestion, problem.TryGetProperty("suggestions", out JsonElement meant) ? meant[0].GetString() : null);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"System\.|LineNumber|setting", text);
    }

    [Fact]
    public async Task Delete_OfAFinishedJob_LeavesOnlyItsIdBehind()
    {
        JsonElement job = await _server.PostJobAsync(new { @class = "ship" });
        string id = job.GetProperty("id").GetString()!;
        await _server.ReadEventsAsync(id);
        using HttpResponseMessage deleted = await _server.Client.DeleteAsync($"/api/jobs/{id}");
        using HttpResponseMessage gone = await _server.Client.GetAsync($"/api/jobs/{id}"),
            unknown = await _server.Client.GetAsync("/api/jobs/abc");
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.Gone, HttpStatusCode.NotFound),
            (deleted.StatusCode, gone.StatusCode, unknown.StatusCode));
    }

    [Fact]
    public async Task Results_ThatAreTooMany_AreDeletedOldestFirst()
    {
        await using TestServer small = await TestServer.StartAsync(model, o => o.Server.ResultImages = 2);
        var ids = new List<string>();
        for (int i = 0; i < 4; i++)
        {
            ids.Add((await small.PostJobAsync(new { @class = "ship", seed = i })).GetProperty("id").GetString()!);
            await small.ReadEventsAsync(ids[i]);
        }

        await TestServer.UntilAsync(() => small.Get<Jobs.JobStore>().All.Count == 2, "results are not deleted");
        using HttpResponseMessage oldest = await small.Client.GetAsync($"/api/jobs/{ids[0]}"),
            newest = await small.Client.GetAsync($"/api/jobs/{ids[3]}");
        Assert.Equal((HttpStatusCode.Gone, HttpStatusCode.OK), (oldest.StatusCode, newest.StatusCode));
    }

    [Fact]
    public async Task OpenApi_OfTheServer_ListsEveryPath()
    {
        JsonElement document = await _server.GetJsonAsync("/openapi/v1.json");
        foreach (string path in (string[])["/api/models", "/api/jobs", "/api/jobs/{id}", "/api/jobs/{id}/events", "/api/structure",
            "/api/documents", "/v1/images/generations"])
            Assert.True(document.GetProperty("paths").TryGetProperty(path, out _), path);
    }
}
