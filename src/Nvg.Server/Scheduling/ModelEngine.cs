using Nvg.Imaging;
using Nvg.Sampling;
using Nvg.Server.Models;

namespace Nvg.Server.Scheduling;

/// <summary>Computes a pass with its model, in a batch of constant size.</summary>
internal sealed class ModelEngine : IImageEngine
{
    /// <inheritdoc/>
    public IReadOnlyList<GeneratedImage> Run(
        IReadOnlyList<ImageTask> pass, Action<int, int[][], IReadOnlyList<RgbImage?>> onStage, CancellationToken cancellation)
    {
        ServedModel model = pass[0].Model;
        var request = new GenerationRequest
        {
            Images = [.. pass.Select(t => t.Request)],
            BatchSize = model.BatchSize,
            FillsBatches = true,
        };

        void Observe(IReadOnlyList<ImageRequest> batch, StageResult stage)
        {
            bool[] wanted = [.. pass.Select(t => t.WantsPreview && !t.IsCancelled)];
            RgbImage[] previews = wanted.Contains(true) ? stage.Preview(model.Model, batch) : [];
            onStage(stage.Stage, stage.StructureMaps(batch.Count), [.. wanted.Select((wants, i) => wants ? previews[i] : null)]);
        }

        return [.. ImageGeneration.Run(model.Model, request, null, Observe, cancellation)];
    }
}
