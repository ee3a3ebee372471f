using Microsoft.AspNetCore.Http;

namespace Nvg.Server.Native;

/// <summary>Where the endpoints are mapped. Endpoints have this as metadata, to link to each other.</summary>
/// <param name="Prefix">Empty, or a path such as <c>/nvg</c>.</param>
internal sealed record NvgPaths(string Prefix)
{
    /// <summary>The path of jobs under the same prefix as an endpoint.</summary>
    internal static string Jobs(Endpoint? endpoint) => $"{endpoint?.Metadata.GetMetadata<NvgPaths>()?.Prefix}/api/jobs";
}
