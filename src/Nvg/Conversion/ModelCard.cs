using System.Text;

namespace Nvg.Conversion;

/// <summary>The README.md of a converted model.</summary>
internal static class ModelCard
{
    internal static string Write(ConversionReport report)
    {
        var card = new StringBuilder();
        card.Append($"# {report.Name}\n\nA Next Visual Granularity model for {report.Tokenizer.ImageSize} × {report.Tokenizer.ImageSize} images, converted from checkpoints in the published layout.\n");
        card.Append("The weights belong to those who trained them; their licence holds here too.\n\n| | |\n| --- | --- |\n");
        foreach (ConversionSource source in report.Sources)
            card.Append($"| {source.Part.ToString().ToLowerInvariant()} | `{Path.GetFileName(source.File)}`, {(source.Averaged ? "averaged weights (EMA)" : "plain weights")} |\n");
        card.Append($"| latent | {report.Tokenizer.Grid.Height} × {report.Tokenizer.Grid.Width} × {report.Tokenizer.LatentChannels}, {report.Tokenizer.Grid.StageCount} stages |\n");
        card.Append($"| codebook | {report.Tokenizer.CodebookSize} codes |\n");
        if (report.Generator is { } generator)
            card.Append($"| generators | depth {generator.Depth}, {generator.ClassCount} classes |\n");
        card.Append("\n| parameters | |\n| --- | --- |\n");
        foreach ((string group, long count) in report.Parameters)
            card.Append($"| {group} | {count:N0} |\n");
        return card.ToString();
    }
}
