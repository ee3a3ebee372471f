using System.Net;
using System.Net.Sockets;
using System.Text;
using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Server.Tests;

/// <summary>
/// Requests that are almost right: bodies, forms, images, documents and headers with bytes changed, cut out or repeated. None may make the
/// server fail. 400 by default; NVG_FUZZ_COUNT sets another number.
/// </summary>
[Collection(RunsAlone.Name)]
public sealed class MutatedRequestTests(ServedTinyModel model) : IClassFixture<ServedTinyModel>
{
    private const int DefaultCount = 400;

    [Fact]
    public async Task Requests_Mutated_NeverMakeTheServerFail()
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("NVG_FUZZ_COUNT"), out int given) ? given : DefaultCount;
        await using TestServer server = await TestServer.StartAsync(model, o =>
            (o.Server.QueueLimit, o.Server.QueueLimitPerClient, o.Server.Automatic1111) = (64, 64, true));
        (string Path, string Type, byte[] Body)[] seeds = await SeedsAsync(server);
        await server.UntilIdleAsync();
        long before = Tensor.LiveCount;
        var random = new Random(1);
        var answers = new Dictionary<int, int>();
        for (int i = 0; i < count; i++)
        {
            (string path, string type, byte[] body) = seeds[random.Next(seeds.Length)];
            byte[] mutated = Mutate(body, random);
            int status = random.Next(10) == 0 ? await SendRawAsync(server, path, type, mutated, random)
                : await SendAsync(server, path, type, mutated, random);
            answers[status] = answers.GetValueOrDefault(status) + 1;
            Assert.True(
                status is < 500 or 503,
                $"request {i} to {path} gave {status}: {Encoding.Latin1.GetString(mutated[..Math.Min(mutated.Length, 2000)])}\n"
                    + $"{server.Errors}");
        }

        await server.UntilIdleAsync();
        Assert.Equal(before, Tensor.LiveCount);
        await FailureThreadTests.OpenAiAsync(server, 1);
        // Mutations that always break a request would test the parser alone.
        Assert.True(answers.Keys.Any(s => s is 200 or 202) && answers.ContainsKey(400), string.Join(", ", answers));
    }

    private static async Task<(string Path, string Type, byte[] Body)[]> SeedsAsync(TestServer server)
    {
        byte[] png = ImageFile.Encode(Images.Gradient(16, 16), ImageFormat.Png),
            jpeg = ImageFile.Encode(Images.Gradient(16, 16), ImageFormat.Jpeg);
        byte[] webp = ImageFile.Encode(Images.Gradient(16, 16), ImageFormat.WebP),
            document = (await server.GenerateAsync(new { @class = "ship", seed = 1 }, "nvg"))[0];
        const string json = "application/json";
        var seeds = new List<(string, string, byte[])>
        {
            ("/api/jobs", json,
                """{"class":"ship","seed":7,"count":2,"sampling":{"topP":{"linear":[1,0.5]},"structureSteps":"auto"},"deadline":5}"""u8
                    .ToArray()),
            ("/api/jobs", json, """{"class":["lion","ship"],"seed":"12","to":{"class":"lion","seed":3},"count":3}"""u8.ToArray()),
            ("/api/jobs", json, """{"class":0,"structure":{"labels":[[0,1,2,3],[0,1,2,3],[0,1,2,3],[0,1,2,3]],"stages":3}}"""u8.ToArray()),
            ("/api/jobs", json,
                """{"class":0,"structure":{"kind":"brightness","brightness":[[[0,10],[200,255]],[[9,8],[7,6]]]}}"""u8.ToArray()),
            ("/api/structure", json,
                """{"structure":{"maps":[[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],[0,0,0,0,0,0,0,0,1,1,1,1,1,1,1,1]]}}"""u8.ToArray()),
            ("/v1/images/generations", json,
                """{"model":"tiny","prompt":"a ship","size":"256x256","seed":3,"nvg":{"scale":2,"sampling":{"topK":3}}}"""u8.ToArray()),
            ("/v1/images/generations", json,
                """{"prompt":"lion","response_format":"b64_json","output_format":"webp","stream":true,"partial_images":2}"""u8
                    .ToArray()),
            ("/sdapi/v1/txt2img", json, """{"prompt":"lion","seed":-1,"batch_size":2,"steps":20,"width":512}"""u8.ToArray()),
            ("/sdapi/v1/img2img", json, Encoding.UTF8.GetBytes(
                $$"""{"prompt":"lion","seed":3,"init_images":["{{Convert.ToBase64String(png)}}"],"denoising_strength":0.5}""")),
            ("/api/session", json, """{"key":"some key"}"""u8.ToArray()),
            ("/api/documents", "application/octet-stream", document), ("/api/documents", "image/png", png),
                ("/api/documents", "image/jpeg", jpeg), ("/api/documents", "image/webp", webp),
        };
        seeds.Add(await FormAsync("/api/jobs", ("request", "{\"class\":\"lion\",\"keep\":{\"structure\":3,\"content\":1}}", null),
            ("reference", null, document)));
        seeds.Add(await FormAsync("/api/jobs", ("request", "{\"class\":\"ship\"}", null), ("reference", null, jpeg), ("mask", null, png)));
        seeds.Add(await FormAsync("/api/jobs", ("structure", null, webp), ("structure", null, png)));
        seeds.Add(await FormAsync("/api/structure", ("labels", null, png)));
        seeds.Add(await FormAsync("/v1/images/edits", ("prompt", "ship", null), ("image", null, png), ("n", "1", null)));
        return [.. seeds];
    }

    private static async Task<(string, string, byte[])> FormAsync(string path, params (string Name, string? Text, byte[]? File)[] parts)
    {
        using var form = new MultipartFormDataContent("boundary");
        foreach ((string name, string? text, byte[]? file) in parts)
        {
            if (file is null)
                form.Add(new StringContent(text!), name);
            else
                form.Add(new ByteArrayContent(file), name, "file");
        }

        return (path, form.Headers.ContentType!.ToString(), await form.ReadAsByteArrayAsync());
    }

    private static byte[] Mutate(byte[] body, Random random)
    {
        List<byte> bytes = [.. body];
        for (int change = random.Next(4); change > 0 && bytes.Count > 0; change--)
        {
            int at = random.Next(bytes.Count), length = Math.Min(random.Next(1, 20), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Odd[random.Next(Odd.Length)]));
                    break;
            }
        }

        return [.. bytes];
    }

    private static readonly string[] Odd =
        ["-1", "1e999", "null", "18446744073709551616", "{}", "[]", "[[", "\"", "\u0000", "NaN", "\ud83d\ude00", "../", "%00", "true",
            "99999999999", "--boundary\r\n", "\r\n\r\n"];

    private static async Task<int> SendAsync(TestServer server, string path, string type, byte[] body, Random random)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", random.Next(12) == 0 ? type + ";charset=\"" : type);
        if (random.Next(12) == 0)
            request.Headers.TryAddWithoutValidation("Accept", "image/*;q=2, ,;,*/");
        if (random.Next(12) == 0)
            request.Headers.TryAddWithoutValidation("Authorization", "Basic " + new string('=', random.Next(3000)));
        using HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseContentRead);
        return (int)response.StatusCode;
    }

    // What no client of .NET would send: wrong lengths, methods and lines.
    private static async Task<int> SendRawAsync(TestServer server, string path, string type, byte[] body, Random random)
    {
        string method = random.Next(4) == 0 ? "PATCH" : "POST", target = random.Next(4) == 0 ? path + "/%2e%2e/%00?x=%zz" : path;
        string head = $"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {type}\r\nConnection: close\r\n"
            + $"Content-Length: {body.Length}\r\n";
        if (random.Next(3) == 0)
            head += $"Transfer-Encoding: chunked\r\nX-{(char)random.Next(33, 127)}: {new string('a', random.Next(100))}\r\n";
        using var socket = new TcpClient("127.0.0.1", server.Url.Port) { ReceiveTimeout = 10_000 };
        NetworkStream stream = socket.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(head + "\r\n"));
        await stream.WriteAsync(body);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            string? line = await reader.ReadLineAsync(patience.Token);
            return line?.Split(' ') is [_, var status, ..] ? int.Parse(status) : (int)HttpStatusCode.BadRequest;
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            // A body that promises more than it has is waited for; leaving ends it.
            return (int)HttpStatusCode.RequestTimeout;
        }
    }
}
