using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Nvg.Torch;

namespace Nvg.Server.Access;

/// <summary>
/// Filters the requests of every endpoint: checks origin and key, and turns exceptions into the error response of the API.
/// Internal errors are written to the log and never sent to the client.
/// </summary>
internal sealed class EndpointGuard : IEndpointFilter
{
    private const string ClientItem = "nvg.client";

    private readonly ClientIdentity _identity;
    private readonly ILogger<EndpointGuard> _logger;

    public EndpointGuard(ClientIdentity identity, ILogger<EndpointGuard> logger) => (_identity, _logger) = (identity, logger);

    /// <summary>The client of a request.</summary>
    internal static string ClientOf(HttpContext http) => (string)http.Items[ClientItem]!;

    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        HttpContext http = context.HttpContext;
        try
        {
            OriginCheck.Require(http.Request);
            bool isOpen = http.GetEndpoint()?.Metadata.GetMetadata<OpenEndpoint>() is not null;
            http.Items[ClientItem] = isOpen ? _identity.Find(http) ?? "" : _identity.Require(http);
            return await next(context).ConfigureAwait(false);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody will read a response.
            return Results.Empty;
        }
        catch (Exception error)
        {
            RequestException known = Known(error);
            if (http.Response.HasStarted)
            {
                // It is too late for an error response, but the client notices a broken connection.
                _logger.LogError(error, "{Method} {Path} failed while sending the response", http.Request.Method, http.Request.Path);
                http.Abort();
                return Results.Empty;
            }

            if (known.Status == StatusCodes.Status500InternalServerError)
                _logger.LogError(error, "{Method} {Path} failed", http.Request.Method, http.Request.Path);
            return Answer(http, known);
        }
    }

    /// <summary>The error response, in the format of the endpoint.</summary>
    internal static IResult Answer(HttpContext http, RequestException error)
    {
        IErrorFormat format = http.GetEndpoint()?.Metadata.GetMetadata<IErrorFormat>() ?? ProblemFormat.Instance;
        if (error.RetryAfter is { } wait)
            http.Response.Headers[HeaderNames.RetryAfter] = ((long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        // The rest of the body is not read, so the connection ends. Without this header, clients would send their next request on it.
        if (error.Status == StatusCodes.Status413PayloadTooLarge && HttpProtocol.IsHttp11(http.Request.Protocol))
            http.Response.Headers.Connection = "close";
        return format.Describe(error);
    }

    private static RequestException Known(Exception error) => error switch
    {
        RequestException known => known,
        BadHttpRequestException bad =>
            new RequestException(bad.StatusCode, bad.StatusCode == 413 ? "the body is too large" : "the request is malformed", bad),
        InvalidDataException damaged => new RequestException(400, "the form is damaged or too large", damaged),
        TorchOutOfMemoryException full => new RequestException(503, "the device does not have enough memory", full)
        {
            RetryAfter = TimeSpan.FromSeconds(10),
        },
        _ => new RequestException(500, "the request failed; the server's log says why", error),
    };
}
