using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using Nvg.Imaging;
using Nvg.Server.Models;
using Nvg.Server.Requests;
using Nvg.Server.Requests.Bodies;
using Nvg.Server.Requests.Content;

namespace Nvg.Server.Native;

/// <summary>Explains the structure map of a drawing, without generating images.</summary>
internal sealed class StructureEndpoints
{
    private readonly NvgServerOptions _options;
    private readonly ServedModels _models;
    private readonly ContentReader _contents;

    public StructureEndpoints(NvgServerOptions options, ServedModels models, ContentReader contents) =>
        (_options, _models, _contents) = (options, models, contents);

    internal void Map(RouteGroupBuilder group) =>
        group.MapPost("/structure", (Delegate)ExplainAsync).WithName("PostStructure").WithSummary("The structure map that a drawing gives")
            .Accepts<StructureRequestBody>("application/json", "multipart/form-data").Produces<StructureAnswer>().ProducesProblem(400);

    private async Task<IResult> ExplainAsync(HttpContext http)
    {
        StructureMap map = await _contents.ReadAsync(http, Read).ConfigureAwait(false);
        bool wantsDrawing = http.Request.GetTypedHeaders()
            .Accept.Any(a => a.MediaType.Equals("image/png", StringComparison.OrdinalIgnoreCase));
        http.Response.Headers.Vary = HeaderNames.Accept;
        return wantsDrawing
            ? Results.Bytes(ImageFile.Encode(map.Draw(), ImageFormat.Png), "image/png")
            : Results.Json(StructureAnswer.Of(map), ServerJson.Options);
    }

    private StructureMap Read(RequestContent content)
    {
        content.RequireParts(StructureReader.StructurePart, StructureReader.LabelsPart, StructureReader.DepthPart);
        var body = content.Read<StructureRequestBody>();
        return StructureReader.Read(_options, _models.Get(body.Model), body.Structure, content, body.Construction)
            ?? throw RequestException.Field400("structure", "no structure was given");
    }
}
