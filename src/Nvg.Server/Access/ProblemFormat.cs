using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Nvg.Server.Access;

/// <summary>Errors as <c>ProblemDetails</c>.</summary>
internal sealed class ProblemFormat : IErrorFormat
{
    internal static ProblemFormat Instance { get; } = new();

    /// <inheritdoc/>
    public IResult Describe(RequestException error)
    {
        var problem = new ProblemDetails
        {
            Type = "about:blank",
            Title = ReasonPhrases.GetReasonPhrase(error.Status),
            Status = error.Status,
            Detail = error.Message,
        };
        if (error.Field is not null)
            problem.Extensions["field"] = error.Field;
        if (error.Suggestions.Count > 0)
            problem.Extensions["suggestions"] = error.Suggestions;
        return Results.Json(problem, (System.Text.Json.JsonSerializerOptions?)null, "application/problem+json", error.Status);
    }
}
