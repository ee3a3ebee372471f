using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Generators.Intervals;

namespace Nvg.Training.Tasks.Distillation;

/// <summary>
/// The points of the flow at which a distillation step is computed. The tensors belong to the scope in which the batch is created.
/// </summary>
/// <remarks>Shapes: N sequences, L positions, C latent channels, K structure channels.</remarks>
/// <param name="Flow">The points and the other inputs of the structure generator.</param>
/// <param name="Labels_NL">Structure map of each sequence's stage.</param>
/// <param name="Choices">The choices drawn for each sequence.</param>
internal sealed record DistillationBatch(StructureFlowBatch Flow, Tensor Labels_NL, DistillationChoice[] Choices)
{
    /// <summary>Guidance scale of each sequence.</summary>
    internal double[] Guidance => Array.ConvertAll(Choices, c => c.Guidance);

    /// <summary>One number per sequence, as a tensor in the innermost scope.</summary>
    internal Tensor Of(Func<DistillationChoice, double> number) =>
        AverageVelocity.Numbers(Array.ConvertAll(Choices, c => number(c)), Labels_NL.Device);

    /// <summary>Places sequences at their points of the flow; known channels have no noise.</summary>
    /// <param name="sequence">One sequence per choice; borrowed.</param>
    /// <param name="quantizer">Computes the canvases.</param>
    /// <param name="class_N">Class of each sequence, or the null class.</param>
    /// <param name="noise_NLK">Normally distributed noise.</param>
    /// <param name="choices">The choices that were drawn.</param>
    internal static DistillationBatch Create(
        GranularitySequence sequence, Quantizer quantizer, Tensor class_N, Tensor noise_NLK, DistillationChoice[] choices)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Device device = class_N.Device;
        int count = choices.Length, lastStage = sequence.Grid.LastStage;
        Tensor row_N = Tensor.Arange(0, count, 1, ScalarType.Int64, device);
        Tensor stage_N = Tensor.From(Array.ConvertAll(choices, c => (long)c.Stage), count).Send(device);
        Tensor labels_NL = sequence.Structure_BSL.Index(row_N, stage_N);
        Tensor canvas_NLC = quantizer.Canvases(sequence).Index(row_N, stage_N + 1);
        Tensor finest_NLK = StructureEmbedding.Embed(sequence.StructureMap(lastStage), lastStage, lastStage);
        Tensor unknown_N1K = UnknownChannels.Mask(stage_N, lastStage), isKnown = unknown_N1K.IsEqual(0);
        Tensor structure_NLK = isKnown.Where(finest_NLK, Tensor.Full([1], 1, device: device));
        Tensor target_NLK = finest_NLK - 1, start_NLK = isKnown.Where(target_NLK, noise_NLK);
        Tensor time_N = AverageVelocity.Numbers(Array.ConvertAll(choices, c => c.Time), device), time_N11 = time_N.Reshape(-1, 1, 1);
        Tensor z_NLK = start_NLK * time_N11 + target_NLK * (1.0 - time_N11);
        var flow = new StructureFlowBatch(
            scope.Keep(z_NLK), scope.Keep(canvas_NLC), scope.Keep(structure_NLK), scope.Keep(stage_N), scope.Keep(time_N),
            scope.Keep(class_N.Alias()));
        return new DistillationBatch(flow, scope.Keep(labels_NL), choices);
    }
}
