using Nvg.Checkpoints;
using Nvg.Data.Datasets;
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

namespace Nvg.Training.Tasks.Distillation;

/// <summary>
/// Distils a generator of a model: the structure generator, so that it needs few steps, or the content generator, so that guidance needs
/// one pass. The model itself is the teacher (docs/method.md, sections 11.1 and 11.2). Tokenizer and the other generator do not change.
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
    private readonly IDistilledGenerator _student;

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
        _teacher = _owned.Add(new DistillationTeacher(config.Teacher, device, config.Training.Precision, config.Part));
        _model = ConfigOf(config, _teacher.Model.Config);
        double largest = DistillationTeacher.LargestGuidance(_teacher.Sizes, _model.Sampling, config.Part);
        if (config.GuidanceLimit < largest)
        {
            throw new NvgDataException(
                $"guidanceLimit must be at least {largest}, the largest {config.Part.Name()} guidance of the model's own settings");
        }

        if (_model.Validate().FirstOrDefault() is { } problem)
            throw NvgDataException.At(config.Teacher, problem);
        _owned.Add(Parameters);
        _examples = _owned.Add(new DistillationExamples(
            config, _teacher, data, device, folder, processes ?? TrainingProcesses.Single, progress, cancellation));
        Fingerprint = RunIdentity.Of(
            Configuration.NvgJson.Write(config.IdentitySettings()), _examples.Fingerprint, _teacher.Model.Fingerprint());
        var inputs = new DistillationInputs(config, _model.Generator!, _teacher, _examples, device);
        _student = config.Part == DistilledPart.Content
            ? new ContentDistillation(inputs, Parameters)
            : new StructureDistillation(inputs, Parameters);
        CopyTeacher(config.Teacher);
        construction.Complete();
    }

    /// <inheritdoc/>
    public ParameterStore Parameters { get; } = new();

    /// <inheritdoc/>
    public int ExampleCount => _examples.Count;

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public Tensor Loss(long step, IReadOnlyList<int> examples, BatchShare share, RandomGenerator random, LossLog log) =>
        _student.Loss(step, share.Of(examples), share, random, log);

    /// <summary>Samples of evenly spread classes.</summary>
    /// <inheritdoc/>
    public RgbImage? Preview(IReadOnlyDictionary<string, Tensor> parameters)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        using var store = new ParameterStore();
        int classCount = _teacher.Sizes.ClassCount;
        int[] classes = [.. Enumerable.Range(0, PreviewImages).Select(i => i * classCount / PreviewImages)];
        using ImageNoise noise = ImageNoise.FromSeeds(
            [.. Enumerable.Range(0, PreviewImages).Select(i => (ulong)i)], _teacher.Sizes.Grid, _device);
        NvgSampler sampler = _student.Sampler(store, ParameterSource.From(parameters, device: _device));
        using SampledBatch sampled = sampler.Sample(classes, noise, _model.Sampling);
        RgbImage[] images = ImageTensor.ToImages(_teacher.Tokenizer.Decode(sampled.Canvas_BLC));
        return ImageGrid.Compose(images, enlargement: ImageGrid.ComfortableEnlargement(images[0], images.Length));
    }

    /// <inheritdoc/>
    public void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters) => _teacher.Save(folder, _model, parameters);

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    private static ModelConfig ConfigOf(DistillationConfig config, ModelConfig teacher)
    {
        ModelConfig named = teacher with { Name = config.Name ?? teacher.Name };
        if (config.Part == DistilledPart.Content)
            return named with { Generator = teacher.Generator! with { ContentGuidanceLimit = config.GuidanceLimit } };
        return named with
        {
            Generator = teacher.Generator! with { StructureStepInput = true, StructureGuidanceLimit = config.GuidanceLimit },
            Sampling = teacher.Sampling with { StructureSteps = StructureSteps.Auto() },
        };
    }

    // Copies the stored weights, not the weights in the precision that the teacher computes with.
    private void CopyTeacher(string folder)
    {
        using NvgModel stored = NvgModel.Load(folder, _device, type: null);
        Parameters.CopySharedFrom(stored.Generator.Parameters);
    }
}
