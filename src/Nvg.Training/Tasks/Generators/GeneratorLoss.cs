using Nvg.Generators;
using Nvg.Generators.Blocks;
using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// The joint loss of both generators over the stages of an image (paper, equation 3; docs/method.md, section 8):
/// 1/(K+1) · Σ_i [ mse(x̂_i, final canvas) + cross-entropy + 0.5 · alignment ] plus the structure losses, each weighted
/// (K+1)/(K−1), in the same mean.
/// </summary>
/// <remarks>
/// If only some images take part in a stage, their mean is weighted by their number divided by the expected number, so that the
/// expected value equals the full loss. Shapes: N sequences of a pass, L positions, C latent channels, K structure channels, W
/// width.
/// </remarks>
public sealed class GeneratorLoss
{
    private const double AlignmentWeight = 0.5;

    private readonly NvgGenerator _generator;
    private readonly FeatureProjector? _projector;
    private readonly LatentGrid _grid;
    private readonly GeneratorParts _parts;
    private readonly bool _checkpoints;

    /// <param name="generator">The generators to train; borrowed.</param>
    /// <param name="projector">Projector of representation alignment, or null; borrowed.</param>
    /// <param name="parts">The generators whose terms are included.</param>
    /// <param name="checkpoints">Whether blocks are recomputed in the backward pass, to save memory.</param>
    public GeneratorLoss(
        NvgGenerator generator, FeatureProjector? projector = null, GeneratorParts parts = GeneratorParts.Both, bool checkpoints = false)
    {
        _generator = generator;
        _projector = projector;
        (_parts, _checkpoints) = (parts, checkpoints);
        _grid = generator.Config.Grid;
    }

    /// <summary>The loss of a batch, for autograd; the caller disposes it.</summary>
    /// <param name="batch">The sequences.</param>
    /// <param name="log">
    /// Receives every unweighted term: <c>final_i</c>, <c>ce_i</c>, <c>accuracy_i</c>, <c>align_i</c>, <c>structure_i</c>.
    /// </param>
    /// <param name="dropPath">Random numbers for drop path; null disables it.</param>
    public Tensor Compute(GeneratorBatch batch, LossLog log, RandomGenerator? dropPath = null)
    {
        using var scope = new TensorScope();
        Tensor loss = _parts switch
        {
            GeneratorParts.Content => Content(batch, log, dropPath, _ => { }),
            GeneratorParts.Structure => Structure(batch, log, dropPath, _ => { }),
            _ => Content(batch, log, dropPath, _ => { }) + Structure(batch, log, dropPath, _ => { }),
        };
        return scope.Keep(loss / _grid.StageCount);
    }

    /// <summary>Sum over stages of the content terms; the observer sees predictions before they are reduced.</summary>
    internal Tensor Content(GeneratorBatch batch, LossLog log, RandomGenerator? dropPath, Action<ContentPrediction> observer)
    {
        using var scope = new TensorScope();
        using StageGroups groups = StageGroups.Gather(batch.ContentSubset, _grid.StageCount, batch.Class_B, batch.ContentShare);
        Tensor canvas_NLC = groups.Select(stage => batch.Canvases_BSLC.Select(1, stage));
        Tensor structure_NLK = groups.Select(stage =>
            StructureEmbedding.Embed(batch.Structure_BSL.Select(1, stage), stage, _grid.LastStage));
        Tensor class_N = groups.Select(_ => batch.Class_B);
        Tensor final_NLC = groups.Select(_ => batch.Canvases_BSLC.Select(1, _grid.StageCount));
        var training = new BlockTraining
        {
            DropPathGenerator = dropPath,
            DropPathRows = batch.ContentRows,
            HiddenBlock = _projector?.Block ?? 0,
            Checkpoints = _checkpoints,
        };
        Tensor predicted_NLC = _generator.Content.PredictFinalCanvas(canvas_NLC, structure_NLK, groups.Stage_N, class_N, training);
        using Tensor? hidden_NTW = training.Hidden_NTW;
        Tensor? features_NLD = hidden_NTW is null ? null : _projector!.Forward(hidden_NTW.Narrow(1, 1, _grid.Length));
        Tensor total = Tensor.Zeros([], device: batch.Class_B.Device);
        foreach (StageGroups.Group group in groups.Groups)
        {
            int stage = group.Stage;
            Tensor stagePrediction = group.Slice(predicted_NLC);
            Tensor finalLoss = Functional.MeanSquaredError(_generator.Content.CanvasOf(stagePrediction), group.Slice(final_NLC));
            using var clusters = new ClusterMean(group.Take(batch.Structure_BSL.Select(1, stage)), LatentGrid.ClusterCount(stage));
            Tensor logits_NMV = _generator.Content.Logits(stagePrediction, group.Slice(canvas_NLC), clusters);
            Tensor flat = logits_NMV.Reshape(-1, logits_NMV.Size(-1));
            Tensor targets = group.Take(batch.Content[stage]).Reshape(-1);
            Tensor crossEntropy = Functional.CrossEntropy(flat, targets);
            log.Add($"final_{stage}", finalLoss, group.Weight);
            log.Add($"ce_{stage}", crossEntropy, group.Weight);
            log.Add($"accuracy_{stage}", flat.Detach().ArgMax(-1).IsEqual(targets).To(ScalarType.Float32).Mean(), group.Weight);
            Tensor stageLoss = finalLoss + crossEntropy;
            if (features_NLD is not null)
            {
                Tensor target = group.Take(batch.Features_BLD!);
                Tensor alignment = 1.0 - Functional.CosineSimilarity(group.Slice(features_NLD), target, -1).Mean();
                log.Add($"align_{stage}", alignment, group.Weight);
                stageLoss += alignment * AlignmentWeight;
            }

            observer(new ContentPrediction(stage, stagePrediction, logits_NMV, features_NLD is null ? null : group.Slice(features_NLD)));
            total += stageLoss * group.Weight;
        }

        return scope.Keep(total);
    }

    /// <summary>Sum over stages of the weighted structure terms; the observer sees predictions before they are reduced.</summary>
    internal Tensor Structure(GeneratorBatch batch, LossLog log, RandomGenerator? dropPath, Action<StructurePrediction> observer)
    {
        using var scope = new TensorScope();
        int stages = _generator.Config.StructureStageCount;
        Tensor total = Tensor.Zeros([], device: batch.Class_B.Device);
        if (stages == 0)
            return scope.Keep(total);
        using StageGroups groups = StageGroups.Gather(batch.StructureSubset, stages, batch.Class_B, batch.StructureShare);
        Tensor finest_BL = batch.Structure_BSL.Select(1, _grid.LastStage);
        Tensor target_BLK = StructureEmbedding.Embed(finest_BL, _grid.LastStage, _grid.LastStage) - 1;
        Tensor target_NLK = groups.Select(_ => target_BLK);
        // Known channels have no noise; the flow predicts only the unknown ones.
        Tensor noise_NLK = groups.Select(stage => Tensor.Cat(
            [target_BLK.Narrow(2, 0, stage), batch.Epsilon_BLK.Narrow(2, stage, _grid.LastStage - stage)], 2));
        Tensor time_N = groups.Select(stage => batch.Time_BS.Select(1, stage));
        Tensor time_N11 = time_N.Reshape(-1, 1, 1);
        Tensor z_NLK = time_N11 * noise_NLK + (1.0 - time_N11) * target_NLK;
        Tensor canvas_NLC = groups.Select(stage => batch.Canvases_BSLC.Select(1, stage + 1));
        Tensor structure_NLK = groups.Select(stage =>
            StructureEmbedding.Embed(batch.Structure_BSL.Select(1, stage), stage, _grid.LastStage));
        var training = new BlockTraining { DropPathGenerator = dropPath, DropPathRows = batch.StructureRows, Checkpoints = _checkpoints };
        var flow = new StructureFlowBatch(z_NLK, canvas_NLC, structure_NLK, groups.Stage_N, time_N, groups.Select(_ => batch.Class_B));
        Tensor? step_N = batch.Step_BS is { } steps_BS ? groups.Select(stage => steps_BS.Select(1, stage)) : null;
        Tensor velocity_NLK = flow.Predict(_generator.Structure, step_N, training);
        Tensor predicted_NLK = noise_NLK - velocity_NLK;
        // Over an interval of length 0, the average velocity is the velocity ε − s, so the loss is the same.
        Tensor expected_NLK = step_N is null
            ? target_NLK
            : noise_NLK - flow.TargetOfHalves(_generator.Structure, step_N, noise_NLK - target_NLK);
        foreach (StageGroups.Group group in groups.Groups)
        {
            Tensor stageLoss = Functional.MeanSquaredError(group.Slice(predicted_NLK), group.Slice(expected_NLK));
            log.Add($"structure_{group.Stage}", stageLoss, group.Weight);
            observer(new StructurePrediction(group.Stage, group.Slice(predicted_NLK), group.Slice(expected_NLK)));
            total += stageLoss * (group.Weight * _grid.StageCount / stages);
        }

        return scope.Keep(total);
    }

    /// <summary>Prediction of the content generator for one stage; valid while the observer runs.</summary>
    internal sealed record ContentPrediction(int Stage, Tensor Predicted_NLC, Tensor Logits_NMV, Tensor? Features_NLD);

    /// <summary>Prediction of the structure generator for one stage; valid while the observer runs.</summary>
    internal sealed record StructurePrediction(int Stage, Tensor Predicted_NLK, Tensor Target_NLK);
}
