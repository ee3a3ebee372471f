using Microsoft.AspNetCore.Http;

namespace Nvg.Server;

/// <summary>A request that cannot be served. It becomes the error response of the API through which the request came.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="message">One sentence for people: what is wrong, where, and how to fix it.</param>
/// <param name="cause">The cause, or null.</param>
internal sealed class RequestException(int status, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>HTTP status.</summary>
    internal int Status => status;

    /// <summary>Path of the field, or null.</summary>
    internal string? Field { get; init; }

    /// <summary>Values that may have been meant.</summary>
    internal IReadOnlyList<string> Suggestions { get; init; } = [];

    /// <summary>When to try again, or null.</summary>
    internal TimeSpan? RetryAfter { get; init; }

    /// <summary>A short name of the reason, for programs and metrics.</summary>
    internal string? Code { get; init; }

    /// <summary>Creates the error for a wrong field.</summary>
    internal static RequestException Field400(string? field, string message, Exception? cause = null) =>
        new(StatusCodes.Status400BadRequest, message, cause) { Field = field };

    /// <summary>Creates the error for something that does not exist.</summary>
    internal static RequestException NotFound(string message) => new(StatusCodes.Status404NotFound, message);
}
