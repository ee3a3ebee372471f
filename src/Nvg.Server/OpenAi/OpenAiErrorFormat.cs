using Microsoft.AspNetCore.Http;
using Nvg.Server.Access;

namespace Nvg.Server.OpenAi;

/// <summary>Errors in OpenAI's envelope, the only format whose messages its clients show.</summary>
internal sealed class OpenAiErrorFormat : IErrorFormat
{
    private const int FirstServerError = 500;

    internal static OpenAiErrorFormat Instance { get; } = new();

    /// <inheritdoc/>
    public IResult Describe(RequestException error) => Results.Json(Envelope(error), ServerJson.Options, statusCode: error.Status);

    /// <summary>The envelope, for a response or an event of a stream.</summary>
    internal static object Envelope(RequestException error) => new
    {
        error = new
        {
            message = error.Message,
            type = error.Status switch
            {
                401 => "authentication_error",
                403 => "permission_error",
                429 => "rate_limit_error",
                >= FirstServerError => "server_error",
                _ => "invalid_request_error",
            },
            param = error.Field,
            code = error.Code,
        },
    };
}
