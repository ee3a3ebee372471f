using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Torch.Optim;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Generators;

namespace Nvg.Cli.Bench;

/// <summary>
/// Times a training step of generators of a model's size, with random weights: two content stages and one structure stage per
/// image, gradients, clipping, AdamW and the weight average.
/// </summary>
internal sealed class TrainingTimings : PartTimings
{
    private const int ContentStages = 2, FirstStage = 2;

    private readonly NvgModel _model;
    private readonly Device _device;
    private readonly int _batch;
    private readonly ScalarType _precision;

    /// <param name="model">Provides the sizes; borrowed.</param>
    /// <param name="device">Where the step runs.</param>
    /// <param name="repeat">Timed steps, after a warm-up.</param>
    /// <param name="batch">Images per step.</param>
    /// <param name="precision">Precision of matrix products; weights are float32.</param>
    /// <param name="cancellation">Checked between steps.</param>
    internal TrainingTimings(
        NvgModel model, Device device, int repeat, int batch, ScalarType precision, CancellationToken cancellation = default)
        : base(device, repeat, cancellation) => (_model, _device, _batch, _precision) = (model, device, batch, precision);

    /// <inheritdoc/>
    public override IEnumerable<Timing> Run()
    {
        yield return Step();
    }

    private Timing Step()
    {
        using var generator = new NvgGenerator(_model.Config.Generator!, ParameterSource.Random(1, _device));
        using var optimizer = new AdamW(generator.Parameters) { Beta2 = 0.95 };
        using var average = new WeightAverage(generator.Parameters, 0.999);
        using GeneratorBatch batch = Batch(generator.Config);
        var loss = new GeneratorLoss(generator);
        using var log = new LossLog();
        long step = 0;
        return MeasureTraining("training step", _batch, () =>
        {
            using var scope = new TensorScope();
            Tensor total;
            using (Autograd.Autocast(_device, _precision))
                total = loss.Compute(batch, log);
            total.Backward();
            optimizer.ClipGradients(1);
            optimizer.Step(1e-6);
            average.Update(++step);
        });
    }

    // The values do not affect the cost.
    private GeneratorBatch Batch(GeneratorConfig config)
    {
        LatentGrid grid = config.Grid;
        using Tensor position_L = Tensor.Arange(0, grid.Length, 1, ScalarType.Int64, _device);
        using var scope = new TensorScope();
        Tensor[] labels = [.. Enumerable.Range(0, grid.StageCount).Select(i => position_L.FloorDivide(grid.ClusterSize(i)))];
        Tensor structure_SL = Tensor.Stack(labels, 0);
        return new GeneratorBatch
        {
            Canvases_BSLC = Random(_batch, grid.StageCount + 1, grid.Length, config.LatentChannels).Own(),
            Structure_BSL = structure_SL.Unsqueeze(0).Expand(_batch, -1, -1).Contiguous().Own(),
            Content = [.. Enumerable.Range(0, grid.StageCount).Select(i => Integers(_batch, LatentGrid.ClusterCount(i)))],
            Class_B = Integers(_batch),
            Epsilon_BLK = Random(_batch, grid.Length, grid.LastStage).Own(),
            Time_BS = Tensor.Full([_batch, config.StructureStageCount], 0.5, device: _device).Own(),
            ContentSubset = Images(FirstStage, ContentStages, grid.StageCount),
            StructureSubset = Images(FirstStage, 1, config.StructureStageCount),
        };
    }

    private Tensor Integers(params long[] shape) => Tensor.Zeros(shape, ScalarType.Int64, _device).Own();

    // All images take part in some consecutive stages, and none in the others.
    private Tensor?[] Images(int first, int count, int stages)
    {
        int start = Math.Max(0, Math.Min(first, stages - count));
        return [.. Enumerable.Range(0, stages).Select(i =>
            Tensor.Arange(0, i >= start && i < start + count ? _batch : 0, 1, ScalarType.Int64, _device).Own())];
    }
}
