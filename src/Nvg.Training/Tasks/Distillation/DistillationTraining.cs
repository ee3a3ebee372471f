using Nvg.Checkpoints;
using Nvg.Data.Datasets;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;
using Nvg.Training.Ownership;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Generators.Intervals;

namespace Nvg.Training.Tasks.Distillation;

/// <summary>
/// Distils the structure generator of a model so that it needs few steps; the model itself is the teacher (docs/method.md,
/// section 11.1). Tokenizer and content generator do not change.
/// </summary>
public sealed class DistillationTraining : ITrainingTask
{
    private const int PreviewImages = 16;

    private readonly DistillationConfig _config;
    private readonly Device _device;
    private readonly OwnedObjects _owned = new();
    private readonly DistillationTeacher _teacher;
    private readonly DistillationExamples _examples;
    private readonly ModelConfig _model;
    private readonly StructureGenerator _student;
    private readonly DistillationLoss _loss;
    private readonly IntervalGrid _grid;

    /// <param name="config">Settings.</param>
    /// <param name="data">Images of the model's size and classes; borrowed. Null to distil on images that the teacher draws.</param>
    /// <param name="device">The training device.</param>
    /// <param name="folder">Run folder, in which the sequences are stored. All processes write to it.</param>
    /// <param name="processes">The processes that train together; borrowed. Null for a single process.</param>
    /// <param name="progress">Receives the number of images whose sequences are computed.</param>
    /// <param name="cancellation">Ends the computation of sequences.</param>
    /// <exception cref="NvgDataException">The model or the data cannot be used.</exception>
    public DistillationTraining(
        DistillationConfig config,
        IImageDataset? data,
        Device device,
        string folder,
        TrainingProcesses? processes = null,
        IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        (_config, _device) = (config, device);
        using OwnedObjects.Construction construction = _owned.Construct();
        _teacher = _owned.Add(new DistillationTeacher(config.Teacher, device, config.Training.Precision));
        _model = ConfigOf(config, _teacher.Model.Config);
        _owned.Add(Parameters);
        _student = Parameters.Build(
            ParameterSource.Random(config.Training.Seed, device), root => new StructureGenerator(root, _model.Generator!));
        _student.IgnoreNewInputs();
        CopyTeacher(config.Teacher);
        _examples = _owned.Add(new DistillationExamples(
            config, _teacher, data, device, folder, processes ?? TrainingProcesses.Single, progress, cancellation));
        Fingerprint = RunIdentity.Of(
            Configuration.NvgJson.Write(config.IdentitySettings()), _examples.Fingerprint, _teacher.Model.Fingerprint());
        _grid = new IntervalGrid(config.Intervals, _teacher.Sizes.Grid.Length);
        _loss = new DistillationLoss(_student, _teacher, config);
        construction.Complete();
    }

    /// <inheritdoc/>
    public ParameterStore Parameters { get; } = new();

    /// <inheritdoc/>
    public int ExampleCount => _examples.Count;

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public Tensor Loss(long step, IReadOnlyList<int> examples, BatchShare share, RandomGenerator random, LossLog log)
    {
        using var scope = new TensorScope();
        int[] own = share.Of(examples);
        DistillationChoice[] drawn = Array.ConvertAll(own, e => Choice(step, e));
        int[] order = DistillationLoss.Order(drawn, _config.TeacherSpan);
        DistillationChoice[] choices = Array.ConvertAll(order, i => drawn[i]);
        int[] ordered = Array.ConvertAll(order, i => own[i]);
        using GranularitySequence sequence = _examples.Load(step, ordered, _device);
        LatentGrid grid = sequence.Grid;
        using Tensor noise = Tensor.Randn([share.Total, grid.Length, grid.LastStage], random);
        Tensor noise_NLK = StructureFlowBatch.Chosen(noise, Array.ConvertAll(order, i => (long)share.Start + i));
        long[] classes = [.. ordered.Zip(choices, (e, c) => c.HasClass ? (long)_examples.ClassOf(e) : _teacher.Sizes.NullClass)];
        Tensor class_N = Tensor.From(classes, classes.Length).Send(_device);
        DistillationBatch batch = DistillationBatch.Create(sequence, _teacher.Tokenizer.Quantizer, class_N, noise_NLK, choices);
        return scope.Keep(_loss.Compute(batch, log));
    }

    /// <summary>Samples of evenly spread classes in one step.</summary>
    /// <inheritdoc/>
    public RgbImage? Preview(IReadOnlyDictionary<string, Tensor> parameters)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        using var store = new ParameterStore();
        StructureGenerator student = store.Build(
            ParameterSource.From(parameters, device: _device), root => new StructureGenerator(root, _model.Generator!));
        int classCount = _teacher.Sizes.ClassCount;
        int[] classes = [.. Enumerable.Range(0, PreviewImages).Select(i => i * classCount / PreviewImages)];
        using ImageNoise noise = ImageNoise.FromSeeds(
            [.. Enumerable.Range(0, PreviewImages).Select(i => (ulong)i)], _teacher.Sizes.Grid, _device);
        var sampler = new NvgSampler(
            _model.Generator!, _device, _teacher.Model.SamplingGenerator.Content, student, _teacher.Tokenizer.Quantizer);
        using SampledBatch sampled = sampler.Sample(classes, noise, _model.Sampling);
        RgbImage[] images = ImageTensor.ToImages(_teacher.Tokenizer.Decode(sampled.Canvas_BLC));
        return ImageGrid.Compose(images, enlargement: ImageGrid.ComfortableEnlargement(images[0], images.Length));
    }

    /// <inheritdoc/>
    public void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters) => _teacher.Save(folder, _model, parameters);

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    private static ModelConfig ConfigOf(DistillationConfig config, ModelConfig teacher) => teacher with
    {
        Name = config.Name ?? teacher.Name,
        Generator = teacher.Generator! with { StructureStepInput = true, StructureGuidanceLimit = config.GuidanceLimit },
        Sampling = teacher.Sampling with { StructureSteps = StructureSteps.Auto() },
    };

    // Copies the stored weights, not the weights in the precision that the teacher computes with.
    private void CopyTeacher(string folder)
    {
        using NvgModel stored = NvgModel.Load(folder, _device, type: null);
        Parameters.CopySharedFrom(stored.Generator.Parameters);
    }

    private DistillationChoice Choice(long step, int example) => DistillationChoice.Draw(
        new HostRandom(RandomSeed.Of(_config.Training.Seed, step, RandomStream.DistillationChoices, example)), _config, _grid,
        _teacher.Model.Config.Sampling.StructureGuidance, _teacher.Sizes.Grid.LastStage);
}
