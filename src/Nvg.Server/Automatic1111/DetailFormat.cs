using Microsoft.AspNetCore.Http;
using Nvg.Server.Access;

namespace Nvg.Server.Automatic1111;

/// <summary>Errors in the format of AUTOMATIC1111's web UI.</summary>
internal sealed class DetailFormat : IErrorFormat
{
    internal static DetailFormat Instance { get; } = new();

    /// <inheritdoc/>
    public IResult Describe(RequestException error) => Results.Json(
        new { error = error.Code ?? "error", detail = error.Message, errors = error.Message }, ServerJson.Options,
            statusCode: error.Status);
}
