using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Nvg.Server.Requests.Content;

/// <summary>
/// Reads request bodies with limits on size and time, and only a few large ones at a time, so that uploads cannot exhaust the
/// memory. A body that waits for its turn is not read from the connection.
/// </summary>
internal sealed class ContentReader : IDisposable
{
    internal const string RequestField = "request";

    private const int LargeAtATime = 8, SmallBytes = 1 << 16, MostParts = 32, MostFieldBytes = 1 << 16, MostHeaders = 16;

    private readonly NvgServerOptions _options;
    private readonly SemaphoreSlim _large = new(LargeAtATime);

    public ContentReader(NvgServerOptions options) => _options = options;

    /// <summary>Reads a JSON body, or a form with JSON in the field <c>request</c> and files, and processes it.</summary>
    /// <param name="http">The request.</param>
    /// <param name="work">Processes the body. While it runs, the body counts towards the memory limit.</param>
    /// <exception cref="RequestException">The body is too large, too slow, or of another type.</exception>
    internal Task<T> ReadAsync<T>(HttpContext http, Func<RequestContent, T> work) => ReadAsync(http, allowsRaw: false, work);

    /// <summary>Like the other overload; if raw bodies are allowed, any other content type is read as one file named <c>file</c>.</summary>
    internal async Task<T> ReadAsync<T>(HttpContext http, bool allowsRaw, Func<RequestContent, T> work)
    {
        bool isLarge = http.Request.ContentLength is null or > SmallBytes;
        using var time = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        if (isLarge)
            await _large.WaitAsync(http.RequestAborted).ConfigureAwait(false);
        try
        {
            time.CancelAfter(_options.UploadTime);
            RequestContent content = await ReadAsync(http, allowsRaw, time.Token).ConfigureAwait(false);
            return work(content);
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            throw new RequestException(408, $"the body took longer than {_options.UploadTime.TotalSeconds:0} s to arrive");
        }
        finally
        {
            if (isLarge)
                _large.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _large.Dispose();

    private Task<RequestContent> ReadAsync(HttpContext http, bool allowsRaw, CancellationToken cancellation)
    {
        string type = http.Request.ContentType ?? "";
        bool isParsed = MediaTypeHeaderValue.TryParse(type, out MediaTypeHeaderValue? media);
        if (isParsed && media!.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase))
            return ReadJsonAsync(http, cancellation);
        if (isParsed && media!.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
            return ReadFormAsync(http, HeaderUtilities.RemoveQuotes(media.Boundary).Value, cancellation);
        if (allowsRaw)
            return ReadFileAsync(http, cancellation);
        throw new RequestException(415, "the content type must be application/json or multipart/form-data");
    }

    private async Task<RequestContent> ReadJsonAsync(HttpContext http, CancellationToken cancellation)
    {
        Limit(http, _options.JsonBytes);
        byte[] json = await ReadAllAsync(http.Request.Body, _options.JsonBytes, cancellation).ConfigureAwait(false);
        return new RequestContent(json.Length > 0 ? json : null, new Dictionary<string, string>(), []);
    }

    private async Task<RequestContent> ReadFileAsync(HttpContext http, CancellationToken cancellation)
    {
        Limit(http, _options.BodyBytes);
        byte[] bytes = await ReadAllAsync(http.Request.Body, _options.BodyBytes, cancellation).ConfigureAwait(false);
        return new RequestContent(null, new Dictionary<string, string>(), [new UploadedFile("file", bytes)]);
    }

    private async Task<RequestContent> ReadFormAsync(HttpContext http, string? boundary, CancellationToken cancellation)
    {
        if (boundary is not { Length: > 0 and <= 200 })
            throw RequestException.Field400(null, "the form has no usable boundary");
        Limit(http, _options.BodyBytes);
        var fields = new Dictionary<string, string>();
        var files = new List<UploadedFile>();
        byte[]? json = null;
        try
        {
            var reader = new MultipartReader(boundary, http.Request.Body) { HeadersCountLimit = MostHeaders };
            while (await reader.ReadNextSectionAsync(cancellation).ConfigureAwait(false) is { } section)
            {
                if (fields.Count + files.Count >= MostParts)
                    throw RequestException.Field400(null, $"the form has more than {MostParts} parts");
                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out ContentDispositionHeaderValue? place)
                    || HeaderUtilities.RemoveQuotes(place.Name).Value is not { Length: > 0 and <= 100 } name)
                    throw RequestException.Field400(null, "a part of the form has no name");
                bool isFile = place.FileName.HasValue || place.FileNameStar.HasValue;
                long limit = isFile ? _options.BodyBytes : name == RequestField ? _options.JsonBytes : MostFieldBytes;
                byte[] bytes = await ReadAllAsync(section.Body, limit, cancellation).ConfigureAwait(false);
                if (name == RequestField)
                    json = bytes.Length > 0 ? bytes : null;
                else if (isFile)
                    files.Add(new UploadedFile(name, bytes));
                else if (!fields.TryAdd(name, System.Text.Encoding.UTF8.GetString(bytes)))
                    throw RequestException.Field400(name, $"the field '{name}' was given twice");
            }
        }
        catch (Exception error) when (error is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw RequestException.Field400(null, "the form is damaged or its headers are too long", error);
        }

        return new RequestContent(json, fields, files);
    }

    private static void Limit(HttpContext http, long bytes)
    {
        if (http.Request.ContentLength > bytes)
            throw TooLarge(bytes);
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
            feature.MaxRequestBodySize = bytes;
    }

    private static async Task<byte[]> ReadAllAsync(Stream body, long limit, CancellationToken cancellation)
    {
        using var buffer = new MemoryStream();
        byte[] chunk = new byte[SmallBytes];
        for (int read; (read = await body.ReadAsync(chunk, cancellation).ConfigureAwait(false)) > 0;)
        {
            if (buffer.Length + read > limit)
                throw TooLarge(limit);
            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }

    private static RequestException TooLarge(long bytes) => new(413, $"the body has more than {bytes} bytes");
}
