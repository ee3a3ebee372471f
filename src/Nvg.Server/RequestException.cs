using Microsoft.AspNetCore.Http;

namespace Nvg.Server;

/// <summary>A request that cannot be served, and why; becomes the error answer of the API that it came by.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="message">One sentence for people: what, where, and how to mend it.</param>
/// <param name="cause">The cause, or null.</param>
internal sealed class RequestException(int status, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>HTTP status.</summary>
    internal int Status => status;

    /// <summary>Path of the field, or null.</summary>
    internal string? Field { get; init; }

    /// <summary>What may have been meant.</summary>
    internal IReadOnlyList<string> Suggestions { get; init; } = [];

    /// <summary>When to try again, or null.</summary>
    internal TimeSpan? RetryAfter { get; init; }

    /// <summary>A short name of the reason, for programs and metrics.</summary>
    internal string? Code { get; init; }

    /// <summary>A field is wrong.</summary>
    internal static RequestException Field400(string? field, string message, Exception? cause = null) =>
        new(StatusCodes.Status400BadRequest, message, cause) { Field = field };

    /// <summary>There is no such thing.</summary>
    internal static RequestException NotFound(string message) => new(StatusCodes.Status404NotFound, message);
}
