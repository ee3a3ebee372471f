using Nvg.Generators;
using Nvg.Sampling;
using Nvg.Tokenizers;

namespace Nvg;

/// <content>The role that models of all methods share.</content>
public sealed partial class NvgModel
{
    /// <inheritdoc/>
    string IImageModel.Name => Config.Name;

    /// <inheritdoc/>
    IImageTokenizer IImageModel.ImageTokenizer => Tokenizer;

    /// <inheritdoc/>
    int IImageModel.ClassCount => Config.Generator?.ClassCount ?? 0;

    /// <inheritdoc/>
    ISamplingSettings IImageModel.Settings => Config.Sampling;

    /// <inheritdoc/>
    IReadOnlyDictionary<string, long> IImageModel.ParameterCounts
    {
        get
        {
            var counts = new Dictionary<string, long> { ["tokenizer"] = Tokenizer.Parameters.ParameterCount };
            if (!HasGenerator)
                return counts;
            counts["content"] = GeneratorParameters.OfContent(Generator);
            counts["structure"] = GeneratorParameters.OfStructure(Generator);
            return counts;
        }
    }

    /// <inheritdoc/>
    IEnumerable<IGeneratedImage> IImageModel.Draw(
        DrawRequest request, IProgress<GenerationProgress>? progress, CancellationToken cancellation)
    {
        var own = new GenerationRequest
        {
            Images = [.. request.Images.Select(image => new ImageRequest(image.Class, image.Seed))],
            Options = request.SettingsAs<SamplingOptions>(Config.Name),
            BatchSize = request.BatchSize,
            WithStages = request.WithStages,
        };
        return Generate(own, progress, cancellation);
    }
}
