using System.Text.Json;
using Nvg.Granularity.Construction;
using Nvg.Imaging;
using Nvg.Pretrained;
using Nvg.Server.Models;
using Nvg.Server.Requests.Bodies;
using Nvg.Server.Requests.Content;
using Nvg.Torch.Files.Npy;

namespace Nvg.Server.Requests;

/// <summary>Reads the structure of a request, from JSON or from files, into the map that images follow.</summary>
internal sealed class StructureReader
{
    internal const string StructurePart = "structure", LabelsPart = "labels", DepthPart = "depth";

    private const int DepthStages = 4, MostSide = 4096, MostDrawings = 16;
    private static readonly byte[] NpyMagic = [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    private readonly NvgServerOptions _options;
    private readonly ServedModel _model;
    private readonly StructureBody _body;
    private readonly IReadOnlyList<byte[]> _files;
    private readonly string? _construction;
    private readonly StructureSource _kind;

    private StructureReader(NvgServerOptions options, ServedModel model, StructureBody body, RequestContent content, string? construction)
    {
        (_options, _model, _construction) = (options, model, construction);
        byte[][] structure = [.. content.FilesOf(StructurePart)], labels = [.. content.FilesOf(LabelsPart)],
            depth = [.. content.FilesOf(DepthPart)];
        _files = [.. (body.Images ?? []).Select((text, i) => Base64Field.Read(text, $"structure.images[{i}]")), .. structure, .. labels,
            .. depth];
        bool isBrightness = body.Brightness is not null || depth.Length > 0 || _files.Count > 1;
        _kind = body.Kind ?? (body.Maps is not null ? StructureSource.Maps
            : labels.Length > 0 || body.Labels is not null ? StructureSource.Labels
            : isBrightness ? StructureSource.Brightness
            : StructureSource.Drawing);
        _body = depth.Length > 0 && body.Stages is null ? body with { Stages = Math.Min(DepthStages, model.StageCount) } : body;
    }

    /// <summary>Returns the map, or null if the request has no structure.</summary>
    /// <exception cref="RequestException">The structure is unusable.</exception>
    internal static StructureMap? Read(
        NvgServerOptions options, ServedModel model, StructureBody? body, RequestContent content, string? construction)
    {
        if (body is null && !content.Files.Any(f => f.Part is StructurePart or LabelsPart or DepthPart))
            return null;
        try
        {
            return new StructureReader(options, model, body ?? new StructureBody(), content, construction).Read();
        }
        catch (Exception error) when (error is ArgumentException or NvgDataException)
        {
            throw RequestException.Field400("structure", error.Message, error);
        }
    }

    /// <summary>Returns the strategy of a request, or null; the caller disposes it.</summary>
    /// <exception cref="RequestException">There is no strategy with this name.</exception>
    internal static IStructureStrategy? Strategy(string? construction)
    {
        if (construction is null)
            return null;
        StructureStrategyConfig? config = StructureStrategyConfig.Parse(construction, out string? problem);
        // This strategy has a setting that would be the path of a file on the server.
        if (config is null or { Kind: StructureStrategyKind.Features })
            throw RequestException.Field400("construction", problem ?? "'features' is not available on a server");
        return config.Create(VisionTransformer.LoadFeatures);
    }

    private StructureMap Read()
    {
        RequireOneSource();
        StructureBuilder builder = _model.Model.Structure;
        return _kind switch
        {
            _ when _files is [var array] && array.AsSpan().StartsWith(NpyMagic) => FromArray(array, builder),
            StructureSource.Maps => FromMaps(builder),
            StructureSource.Labels when _body.Labels is { } rows => FromRows(rows, builder),
            StructureSource.Labels => builder.FromLabels(OnlyRegions(), _body.Stages),
            StructureSource.Image => FromImage(builder),
            StructureSource.Drawing when _files is [var drawing] => builder.FromDrawing(Decode(drawing), _body.Stages),
            StructureSource.Drawing => throw Wrong("of kind 'drawing' needs one image"),
            _ when _body.Brightness is { } numbers => builder.FromBrightness(Drawings(numbers), _body.Stages),
            _ => builder.FromBrightness([.. _files.Take(MostDrawings + 1).Select(Decode)], _body.Stages),
        };
    }

    private void RequireOneSource()
    {
        int sources = (_files.Count > 0 ? 1 : 0) + (_body.Labels is not null ? 1 : 0) + (_body.Brightness is not null ? 1 : 0)
            + (_body.Maps is not null ? 1 : 0);
        if (sources != 1)
            throw Wrong("needs exactly one source: images, labels, brightness, maps, or a file");
        StructureSource? fits = _body.Labels is not null ? StructureSource.Labels
            : _body.Maps is not null ? StructureSource.Maps
            : _body.Brightness is not null ? StructureSource.Brightness : null;
        if (fits is { } only && only != _kind)
            throw Wrong($"has {only.ToString().ToLowerInvariant()}, which do not fit the kind {_kind.ToString().ToLowerInvariant()}");
        if (_files.Count > MostDrawings)
            throw Wrong($"has {_files.Count} images; at most {MostDrawings} are accepted");
    }

    private StructureMap FromMaps(StructureBuilder builder)
    {
        if (_body.Maps is not { } maps)
            throw Wrong("of kind 'maps' needs maps, or a .npy file");
        int length = _model.Model.Grid.Length;
        if (maps.Length < 1 || maps.Length > _model.StageCount || Array.Exists(maps, m => m is null || m.Length != length))
            throw Wrong($"must have 1 to {_model.StageCount} maps of {length} labels each");
        if (_body.Stages is { } stages && stages > maps.Length)
            throw Wrong($"has {maps.Length} maps, which are fewer than {stages} stages");
        int count = _body.Stages ?? maps.Length;
        return builder.FromMaps([.. maps.Take(count).SelectMany(m => m)], [count, length]);
    }

    private StructureMap FromRows(int[][] rows, StructureBuilder builder)
    {
        if (rows.Length is < 1 or > MostSide || Array.Exists(rows, r => r is null || r.Length != rows[0]?.Length)
            || rows[0].Length is < 1 or > MostSide)
            throw Wrong($"must have rows of equal length, 1 to {MostSide} of each");
        return builder.FromLabels([.. rows.SelectMany(r => r)], rows[0].Length, rows.Length, _body.Stages);
    }

    private StructureMap FromArray(byte[] bytes, StructureBuilder builder)
    {
        using var stream = new MemoryStream(bytes, writable: false);
        var array = NpyArray.Read(stream, StructurePart);
        bool isLabels = _kind == StructureSource.Labels;
        if (array.Shape.Count is < 1 or > 3 || array.Shape.Contains(0) || (isLabels && array.Shape.Count != 2))
            throw Wrong($"is a {array.Shape.Count}-dimensional array; labels have rows and columns, maps also stages");
        int[] values = array.ToLabels();
        if (isLabels)
            return builder.FromLabels(values, (int)array.Shape[1], (int)array.Shape[0], _body.Stages);
        int length = _model.Model.Grid.Length;
        return _body.Stages is { } stages && values.Length % length == 0 && stages <= values.Length / length
            ? builder.FromMaps(values[..(stages * length)], [stages, length])
            : builder.FromMaps(values, array.Shape);
    }

    private StructureMap FromImage(StructureBuilder builder)
    {
        if (_body.Stages is not { } stages)
            throw RequestException.Field400("structure.stages", "the structure of an image needs a number of stages");
        if (_files.Count != 1)
            throw Wrong("of kind 'image' needs one image");
        using IStructureStrategy? strategy = Strategy(_construction);
        return builder.FromImage(UploadedImages.DecodeSquare(_files[0], StructurePart, _model.ImageSize, _options), stages, strategy);
    }

    private static RgbImage[] Drawings(JsonElement numbers)
    {
        if (numbers.ValueKind != JsonValueKind.Array || numbers.GetArrayLength() is 0 or > MostSide
            || numbers[0].ValueKind != JsonValueKind.Array
            || numbers[0].GetArrayLength() == 0)
            throw Wrong("needs brightness as an array of rows of numbers from 0 to 255");
        return numbers[0][0].ValueKind != JsonValueKind.Array ? [Drawing(numbers)]
            : numbers.GetArrayLength() <= MostDrawings ? [.. numbers.EnumerateArray().Select(Drawing)]
            : throw Wrong($"has {numbers.GetArrayLength()} drawings; at most {MostDrawings} are accepted");
    }

    private static RgbImage Drawing(JsonElement rows)
    {
        double[][] values;
        try
        {
            values = [.. rows.EnumerateArray().Select(row => row.EnumerateArray().Select(v => v.GetDouble()).ToArray())];
        }
        catch (InvalidOperationException error)
        {
            throw RequestException.Field400("structure.brightness", "brightness is an array of rows of numbers from 0 to 255", error);
        }

        if (values.Length is < 1 or > MostSide || values[0].Length is < 1 or > MostSide
            || Array.Exists(values, r => r.Length != values[0].Length || Array.Exists(r, v => v is not (>= 0 and <= 255))))
            throw Wrong($"needs rows of equal length, 1 to {MostSide} of each, with numbers from 0 to 255");
        byte[] pixels = [.. values.SelectMany(r => r).SelectMany(v => Enumerable.Repeat((byte)Math.Round(v), RgbImage.Channels))];
        return new RgbImage(values[0].Length, values.Length, pixels);
    }

    private RgbImage OnlyRegions() => _files.Count == 1
        ? UploadedImages.DecodeRegions(_files[0], StructurePart, _options)
        : throw Wrong("needs one image; only brightness takes several");

    private RgbImage Decode(byte[] bytes) => UploadedImages.Decode(bytes, StructurePart, _options);

    private static RequestException Wrong(string problem) => RequestException.Field400("structure", $"the structure {problem}");
}
