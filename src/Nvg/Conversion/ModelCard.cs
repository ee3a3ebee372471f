using System.Text;
using Nvg.Granularity;

namespace Nvg.Conversion;

/// <summary>Writes the README.md of a converted model.</summary>
internal static class ModelCard
{
    internal static string Write(ConversionReport report)
    {
        var card = new StringBuilder();
        int side = report.Tokenizer.ImageSize;
        LatentGrid grid = report.Tokenizer.Grid;
        card.Append($"# {report.Name}\n\nA Next Visual Granularity model for {side} × {side} images, ");
        card.Append("converted from checkpoints in the published layout.\n");
        card.Append("The weights belong to those who trained them; their licence applies here as well.\n\n| | |\n| --- | --- |\n");
        foreach (ConversionSource source in report.Sources)
        {
            string copy = source.Averaged ? "averaged weights (EMA)" : "plain weights";
            card.Append($"| {source.Part.ToString().ToLowerInvariant()} | `{Path.GetFileName(source.File)}`, {copy} |\n");
        }

        card.Append($"| latent | {grid.Height} × {grid.Width} × {report.Tokenizer.LatentChannels}, {grid.StageCount} stages |\n");
        card.Append($"| codebook | {report.Tokenizer.CodebookSize} codes |\n");
        if (report.Generator is { } generator)
            card.Append($"| generators | depth {generator.Depth}, {generator.ClassCount} classes |\n");
        card.Append("\n| parameters | |\n| --- | --- |\n");
        foreach ((string group, long count) in report.Parameters)
            card.Append($"| {group} | {count:N0} |\n");
        return card.ToString();
    }
}
