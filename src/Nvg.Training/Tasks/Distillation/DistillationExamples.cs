using Nvg.Data.Datasets;
using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;
using Nvg.Training.Ownership;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Generators;

namespace Nvg.Training.Tasks.Distillation;

/// <summary>The sequences for a distillation: encoded images of a data set, or images that the teacher drew. Owns the sequences.</summary>
internal sealed class DistillationExamples : IDisposable
{
    private readonly OwnedObjects _owned = new();
    private readonly DistillationConfig _config;
    private readonly SequenceCache _sequences;
    private readonly IImageDataset? _data;
    private readonly SequenceVariants _variants;
    private readonly int _classes;

    /// <param name="config">Settings.</param>
    /// <param name="teacher">The teacher; borrowed.</param>
    /// <param name="data">The data set, or null for images of the teacher; borrowed.</param>
    /// <param name="device">Where sequences are computed.</param>
    /// <param name="folder">Run folder, in which the sequences are stored.</param>
    /// <param name="processes">The processes of the run; borrowed.</param>
    /// <param name="progress">Receives the number of sequences done, or null.</param>
    /// <param name="cancellation">Ends the computation; finished files are kept.</param>
    /// <exception cref="NvgDataException">The data does not fit the teacher.</exception>
    internal DistillationExamples(
        DistillationConfig config, DistillationTeacher teacher, IImageDataset? data, Device device, string folder,
        TrainingProcesses processes, IProgress<int>? progress, CancellationToken cancellation)
    {
        (_config, _data, _classes) = (config, data, teacher.Sizes.ClassCount);
        using OwnedObjects.Construction construction = _owned.Construct();
        string weights = teacher.Model.Fingerprint() + teacher.Model.Config.Tokenizer.Structure;
        TrainingOptions training = config.Training;
        _variants = new SequenceVariants(1, data is not null && training.IsMirrored, training.Seed, data is not null && training.IsTurned);
        if (data is null)
        {
            Count = config.Samples ?? throw new NvgDataException("samples: without a data set, a number of images to draw is needed");
            Fingerprint = $"{Count} images of the teacher";
            string settings = Configuration.NvgJson.Write(teacher.Model.Config.Sampling);
            var drawing = new TeacherSamples(teacher, Count, training.Seed, processes);
            _sequences = _owned.Add(drawing.Open(
                folder, RunIdentity.Of($"{settings} seed={training.Seed}", Fingerprint, weights), progress, cancellation));
        }
        else
        {
            DataRequirements.RequireSize(data, teacher.Tokenizer.Config.ImageSize, "model");
            if (data.Classes.Count != _classes)
                throw new NvgDataException($"the data set has {data.Classes.Count} classes, the model {_classes}");
            (Count, Fingerprint) = (data.Count, data.Fingerprint);
            var encoding = new SequenceEncoding(teacher.Tokenizer, data, _variants, device, processes);
            _sequences = _owned.Add(encoding.Open(folder, RunIdentity.Of(_variants.Key, data, weights), progress, cancellation));
        }

        construction.Complete();
    }

    /// <summary>Number of images.</summary>
    internal int Count { get; }

    /// <summary>Identifies the examples.</summary>
    internal string Fingerprint { get; }

    /// <summary>The classes of images, or the null class, in the innermost scope.</summary>
    internal Tensor Classes(int[] examples, bool[] hasClass, Device device)
    {
        long[] classes = [.. examples.Zip(hasClass, (e, has) => has ? (long)ClassOf(e) : _classes)];
        using Tensor host = Tensor.From(classes, classes.Length);
        return host.Send(device);
    }

    /// <summary>The sequences of a step; the caller disposes them.</summary>
    internal GranularitySequence Load(long step, IReadOnlyList<int> examples, Device device) =>
        _sequences.Load(examples, [.. examples.Select(e => _variants.Draw(_config.Training.Seed, step, e))], device);

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    // The teacher draws all classes in turn.
    private int ClassOf(int example) => _data?.Label(example) ?? example % _classes;
}
