using Nvg.Granularity;
using Nvg.Labels;
using Nvg.Sampling;
using Nvg.Server.Models;
using Nvg.Torch;

namespace Nvg.Server.Native;

/// <summary>The models and limits of the server.</summary>
internal sealed record ModelsAnswer(IReadOnlyList<ModelAnswer> Models, LimitsAnswer Limits);

/// <summary>A model.</summary>
internal sealed record ModelAnswer(
    string Name, bool IsDefault, int ImageSize, LatentAnswer Latent, IReadOnlyList<StageAnswer> Stages, int CodebookSize,
    IReadOnlyList<ClassAnswer> Classes, SamplingOptions Sampling, string Fingerprint, string Device, ScalarType Precision, int BatchSize)
{
    internal static ModelAnswer Of(ServedModel model, bool isDefault)
    {
        LatentGrid grid = model.Model.Grid;
        return new ModelAnswer(
            model.Name, isDefault, model.ImageSize, new LatentAnswer(grid.Height, grid.Width),
            [.. Enumerable.Range(0, grid.StageCount).Select(i => new StageAnswer(i, LatentGrid.ClusterCount(i), grid.ClusterSize(i)))],
            model.Model.Config.Tokenizer.CodebookSize, [.. model.Model.Classes.Classes.Select(ClassAnswer.Of)], model.Model.Config.Sampling,
            model.Fingerprint, $"{model.Model.Device}", model.Type, model.BatchSize);
    }
}

/// <summary>A stage of a model.</summary>
internal sealed record StageAnswer(int Index, int Clusters, int ClusterSize);

/// <summary>A class of a model.</summary>
internal sealed record ClassAnswer(int Number, string Name, IReadOnlyList<string> Synonyms, string? Identifier)
{
    internal static ClassAnswer Of(ClassLabel label, int number) => new(number, label.Name, [.. label.Names.Skip(1)], label.Identifier);
}

/// <summary>The limits of the server.</summary>
internal sealed record LimitsAnswer(
    int ImagesPerJob, int QueuedImages, int QueuedImagesPerClient, long BodyBytes, long UploadPixels, int Scale, double DeadlineSeconds,
    double ResultSeconds, int ResultImages, double AbandonedSeconds)
{
    internal static LimitsAnswer Of(NvgServerOptions options) => new(
        Math.Min(options.ImagesPerJob, options.QueueLimitPerClient), options.QueueLimit, options.QueueLimitPerClient, options.BodyBytes,
        options.UploadPixels, options.LargestScale, options.Deadline.TotalSeconds, options.ResultLifetime.TotalSeconds,
            options.ResultImages,
        options.Abandonment.TotalSeconds);
}
