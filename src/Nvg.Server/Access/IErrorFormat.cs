using Microsoft.AspNetCore.Http;

namespace Nvg.Server.Access;

/// <summary>The error format of an API. Endpoints have it as metadata.</summary>
internal interface IErrorFormat
{
    /// <summary>Creates the error response.</summary>
    IResult Describe(RequestException error);
}
