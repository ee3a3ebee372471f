using System.Net;
using System.Net.Http.Json;
using System.Text;

namespace Nvg.Server.Tests;

/// <summary>Who may do what, and what is refused.</summary>
public sealed class SecurityTests(ServedTinyModel model) : IClassFixture<ServedTinyModel>
{
    private const string Key = "a key of sufficient length", Other = "another key of that length";

    [Theory]
    [InlineData("/api/models", 401)]
    [InlineData("/api/status", 401)]
    [InlineData("/v1/models", 401)]
    [InlineData("/metrics", 401)]
    [InlineData("/openapi/v1.json", 401)]
    [InlineData("/healthz", 200)]
    [InlineData("/readyz", 200)]
    [InlineData("/api/session", 200)]
    public async Task Path_WithoutAKey_IsClosedUnlessItTellsNothing(string path, int status)
    {
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.Keys.Add(Key));
        using HttpResponseMessage response = await server.Client.GetAsync(path);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Contains("default-src 'self'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_ByHeaderBasicOrCookie_Opens()
    {
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.Keys.Add(Key));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "Bearer " + Key));
        Assert.Equal(HttpStatusCode.OK,
            await StatusAsync(server, "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("user:" + Key))));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, "Bearer " + Key[..^1]));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, "Bearer"));
        using var browser = new HttpClient(new HttpClientHandler { CookieContainer = new CookieContainer() }) { BaseAddress = server.Url };
        using HttpResponseMessage wrong = await browser.PostAsJsonAsync("/api/session", new { key = Other }),
            signed = await browser.PostAsJsonAsync("/api/session", new { key = Key });
        using HttpResponseMessage models = await browser.GetAsync("/api/models");
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.NoContent, HttpStatusCode.OK),
            (wrong.StatusCode, signed.StatusCode, models.StatusCode));
        string cookie = signed.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Key, cookie, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Job_OfAnotherKey_DoesNotExist()
    {
        await using TestServer server = await TestServer.StartAsync(model, o =>
        {
            o.Server.Keys.Add(Key);
            o.Server.Keys.Add(Other);
        });
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        string id = (await server.PostJobAsync(new { @class = "ship" })).GetProperty("id").GetString()!;
        using HttpClient other = server.CreateClient();
        other.DefaultRequestHeaders.Authorization = new("Bearer", Other);
        foreach (string path in (string[])[$"/api/jobs/{id}", $"/api/jobs/{id}/events", $"/api/jobs/{id}/images/0.png"])
        {
            using HttpResponseMessage foreign = await other.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, foreign.StatusCode);
        }

        using HttpResponseMessage deletion = await other.DeleteAsync($"/api/jobs/{id}");
        Assert.Equal(HttpStatusCode.NotFound, deletion.StatusCode);
        Assert.Equal("completed", (await server.ReadEventsAsync(id))[^1].Name);
    }

    [Theory]
    [InlineData("http://0.0.0.0:0", false, false)]
    [InlineData("http://*:0", false, false)]
    [InlineData("http://0.0.0.0:0", false, true)]
    public async Task Start_BeyondThisMachineWithoutAKey_IsRefused(string url, bool hasKey, bool withoutKey) =>
        await Assert.ThrowsAsync<ArgumentException>(() => TestServer.StartAsync(model, o =>
        {
            (o.Urls, o.AllowsNetworkWithoutKey) = ([url], withoutKey);
            if (hasKey)
                o.Server.Keys.Add(Key);
        }));

    [Theory]
    [InlineData("..%2f..%2fetc%2fpasswd")]
    [InlineData("../models")]
    [InlineData("tiny/../tiny")]
    public async Task Model_NamedAsAPath_IsUnknown(string name)
    {
        await using TestServer server = await TestServer.StartAsync(model);
        using HttpResponseMessage posted = await server.Client.PostAsJsonAsync("/api/jobs", new { model = name });
        using HttpResponseMessage listed = await server.Client.GetAsync($"/v1/models/{Uri.EscapeDataString(name)}");
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.NotFound), (posted.StatusCode, listed.StatusCode));
    }

    [Theory]
    [InlineData("/api/jobs", "/api/jobs", "application/problem+json", 404)]
    [InlineData("/v1/nothing", "/v1/nothing", "application/json", 404)]
    public async Task Path_ThatIsUnknown_AnswersInTheFormatOfItsApi(string path, string _, string type, int status)
    {
        await using TestServer server = await TestServer.StartAsync(model);
        using HttpResponseMessage response = await server.Client.GetAsync(path + "/x/y/z");
        Assert.Equal((status, type), ((int)response.StatusCode, response.Content.Headers.ContentType!.MediaType));
    }

    [Fact]
    public async Task Body_ThatIsTooLargeOrOfAnotherType_IsRefused()
    {
        await using TestServer server = await TestServer.StartAsync(model, o => (o.Server.JsonBytes, o.Server.BodyBytes) = (1000, 5000));
        using HttpResponseMessage json = await server.Client.PostAsJsonAsync("/api/jobs", new { @class = new string('a', 2000) });
        using var form = new MultipartFormDataContent { { new ByteArrayContent(new byte[6000]), "mask", "m.png" } };
        using HttpResponseMessage file = await server.Client.PostAsync("/api/jobs", form);
        using HttpResponseMessage chunked = await server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/api/jobs")
        {
            Content = new StreamContent(new MemoryStream(new byte[6000])) { Headers = { ContentType = new("application/json") } },
            Headers = { TransferEncodingChunked = true },
        });
        using HttpResponseMessage text = await server.Client.PostAsync("/api/jobs", new StringContent("hello"));
        Assert.Equal([413, 413, 413, 415], new[] { json, file, chunked, text }.Select(r => (int)r.StatusCode));
        // Else the next request could be sent on a connection that ends.
        Assert.All([json, file, chunked], refused => Assert.True(refused.Headers.ConnectionClose));
    }

    private static async Task<HttpStatusCode> StatusAsync(TestServer server, string authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/models");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        return response.StatusCode;
    }
}
