using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Torch;

namespace Nvg.Cli.Bench;

/// <summary>Times the parts of an NVG model one by one.</summary>
public sealed class ModelTimings : PartTimings
{
    private readonly NvgModel _model;
    private readonly Device _device;
    private readonly int _batch;
    private readonly CancellationToken _cancellation;

    /// <param name="model">Borrowed.</param>
    /// <param name="device">Device of the model.</param>
    /// <param name="repeat">Timed runs per part, after a warm-up.</param>
    /// <param name="batch">Images per batch.</param>
    /// <param name="cancellation">Checked between runs.</param>
    public ModelTimings(NvgModel model, Device device, int repeat, int batch, CancellationToken cancellation = default)
        : base(device, repeat, cancellation) => (_model, _device, _batch, _cancellation) = (model, device, batch, cancellation);

    /// <summary>Steps of the structure flow in whole images; null for the model's settings.</summary>
    public StructureSteps? StructureSteps { get; init; }

    /// <summary>Whether only whole images are timed.</summary>
    internal bool ImagesOnly { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<Timing> Run()
    {
        foreach (Timing timing in ImagesOnly ? [] : Parts())
            yield return timing;
        if (!_model.HasGenerator)
            yield break;
        foreach (int count in new[] { 1, _batch }.Distinct())
            yield return Generate(count);
    }

    private IEnumerable<Timing> Parts()
    {
        foreach ((int length, int channels) in new[] { (64, 16), (256, 32), (1024, 32) })
            yield return StructureOf(length, channels);
        yield return Encode();
        yield return Quantize();
        yield return Decode();
        if (!_model.HasGenerator)
            yield break;
        foreach ((int sequences, int images, string kind) in Passes())
        {
            // Where the guidance scale is an input, no pass has an unconditional sequence.
            if (sequences == images || _model.GeneratorConfig.ContentGuidanceLimit is null)
                yield return ContentPass(sequences, images, kind);
            if (sequences == images || _model.GeneratorConfig.StructureGuidanceLimit is null)
                yield return StructurePass(sequences, images, kind);
        }
    }

    private LatentGrid Grid => _model.Config.Tokenizer.Grid;

    private Timing StructureOf(int length, int channels)
    {
        using Tensor drawn_BLC = Random(_batch, length, channels);
        using Tensor points_BLC = drawn_BLC.To(Device.Cpu);
        return Measure($"structure construction {length} × {channels}", _batch, () => StructureConstruction.Build(points_BLC).Dispose());
    }

    private Timing Encode()
    {
        int side = _model.Config.Tokenizer.ImageSize;
        using Tensor images = Random(_batch, 3, side, side);
        return Measure("encode", _batch, () => _model.Tokenizer.Encoder.Forward(images).Dispose());
    }

    private Timing Quantize()
    {
        using Tensor latent_BLC = Latent(_batch);
        using Tensor structure_BSL = StructureConstruction.Build(latent_BLC);
        using Tensor placed_BSL = structure_BSL.To(_device);
        return Measure("quantize", _batch, () => _model.Tokenizer.Quantizer.Quantize(latent_BLC, placed_BSL).Dispose());
    }

    private Timing Decode()
    {
        using Tensor canvas_BLC = Latent(_batch);
        return Measure("decode", _batch, () => _model.Tokenizer.Decode(canvas_BLC).Dispose());
    }

    // One image without guidance, one with guidance (which adds the unconditional sequence), and a batch.
    private IEnumerable<(int Sequences, int Images, string Kind)> Passes()
    {
        yield return (1, 1, "");
        yield return (2, 1, ", guided");
        if (_batch > 1)
            yield return (_batch, _batch, "");
    }

    private Timing ContentPass(int sequences, int images, string kind)
    {
        using var scope = new TensorScope();
        (Tensor canvas_BLC, Tensor structure_BLK, Tensor stage_B, Tensor class_B) = Inputs(sequences);
        ContentGenerator generator = _model.SamplingGenerator.Content;
        return Measure($"content pass{kind}", images,
            () => generator.PredictFinalCanvas(canvas_BLC, structure_BLK, stage_B, class_B).Dispose());
    }

    private Timing StructurePass(int sequences, int images, string kind)
    {
        using var scope = new TensorScope();
        (Tensor canvas_BLC, Tensor structure_BLK, Tensor stage_B, Tensor class_B) = Inputs(sequences);
        Tensor z_BLK = Random(sequences, Grid.Length, Grid.LastStage), time_B = Tensor.Full([sequences], 0.5, device: _device);
        StructureGenerator generator = _model.SamplingGenerator.Structure;
        return Measure($"structure pass{kind}", images,
            () => generator.PredictVelocity(z_BLK, canvas_BLC, structure_BLK, stage_B, time_B, class_B).Dispose());
    }

    private Timing Generate(int count) => Measure("generate", count, () =>
    {
        ImageRequest[] images = [.. Enumerable.Range(0, count).Select(i => new ImageRequest(0, (ulong)i))];
        SamplingOptions options = _model.Config.Sampling;
        _model.GenerateAndDiscard(images, StructureSteps is { } steps ? options with { StructureSteps = steps } : options, _cancellation);
    });

    // Uses a stage in the middle; the cost does not depend on the stage.
    private (Tensor Canvas_BLC, Tensor Structure_BLK, Tensor Stage_B, Tensor Class_B) Inputs(int count)
    {
        int stage = Math.Min(Grid.LastStage / 2, Math.Max(0, Grid.LastStage - 2));
        Tensor labels_BL = Tensor.Arange(0, Grid.Length, 1, ScalarType.Int64,
            _device).FloorDivide(Grid.ClusterSize(stage)).Unsqueeze(0).Expand(count, Grid.Length);
        return (Latent(count), StructureEmbedding.Embed(labels_BL, stage, Grid.LastStage),
            Tensor.Full([count], stage, ScalarType.Int64, _device), Tensor.Zeros([count], ScalarType.Int64, _device));
    }

    private Tensor Latent(int count) => Random(count, Grid.Length, _model.Config.Tokenizer.LatentChannels);
}
