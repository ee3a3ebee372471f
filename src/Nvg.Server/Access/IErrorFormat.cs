using Microsoft.AspNetCore.Http;

namespace Nvg.Server.Access;

/// <summary>How an API says that a request failed. Endpoints carry theirs as metadata.</summary>
internal interface IErrorFormat
{
    /// <summary>The answer.</summary>
    IResult Describe(RequestException error);
}
