using Nvg.Configuration;
using Nvg.Generators;
using Nvg.Methods;
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
    GenerationWork IImageModel.WorkOf(ISamplingSettings? settings)
    {
        GeneratorConfig sizes = GeneratorConfig;
        var options = (SamplingOptions)(settings ?? Config.Sampling);
        int length = sizes.Grid.Length, last = sizes.Grid.LastStage;
        var work = new GenerationWork(0, 0);
        for (int stage = 0; stage <= last; stage++)
        {
            int sequences = Sequences(options.ContentGuidance.At(stage, last), sizes.ContentGuidanceLimit);
            work += GenerationWork.OfPass(sequences, length + 1, length + 1, sizes.ContentWidth, sizes.Depth, sizes.MlpRatio);
        }

        for (int stage = 0; stage < sizes.StructureStageCount; stage++)
        {
            int sequences = Sequences(options.StructureGuidance.At(stage, last), sizes.StructureGuidanceLimit), tokens = 2 * length + 1;
            for (int step = 0; step < options.StructureSteps.At(stage); step++)
                work += GenerationWork.OfPass(sequences, tokens, tokens, sizes.StructureWidth, sizes.Depth, sizes.MlpRatio);
        }

        return work;

        // A guidance scale that is an input needs no unconditional pass.
        static int Sequences(double scale, double? limit) => scale == 1 || limit is not null ? 1 : 2;
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
