using Nvg.Checkpoints;
using Nvg.Generators;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Generators.Intervals;

namespace Nvg.Training.Tasks.Distillation;

/// <summary>The frozen model of a distillation: its predictions and its stored weights. Owns the model.</summary>
/// <remarks>Shapes: N sequences, L positions, K structure channels.</remarks>
internal sealed class DistillationTeacher : IDisposable
{
    private readonly NvgModel _model;

    /// <param name="folder">Folder of the model.</param>
    /// <param name="device">Where the model is computed.</param>
    /// <param name="type">Precision of the model's matrices.</param>
    /// <param name="part">The generator that is distilled.</param>
    /// <exception cref="NvgDataException">The folder holds no model that can be distilled.</exception>
    internal DistillationTeacher(string folder, Device device, ScalarType type, DistilledPart part = DistilledPart.Structure)
    {
        Read(folder, part);
        _model = NvgModel.Load(folder, device, type);
    }

    /// <summary>The model.</summary>
    internal NvgModel Model => _model;

    /// <summary>Sizes of the model's generators.</summary>
    internal GeneratorConfig Sizes => _model.GeneratorConfig;

    /// <summary>The model's tokenizer.</summary>
    internal Tokenizer Tokenizer => _model.Tokenizer;

    /// <summary>Sizes and sampling settings of a model.</summary>
    /// <exception cref="NvgDataException">The folder holds no model that can be distilled.</exception>
    internal static (GeneratorConfig Sizes, SamplingOptions Sampling) Read(string folder, DistilledPart part)
    {
        ModelConfig config = NvgModel.ReadConfig(folder);
        GeneratorConfig sizes = config.Generator
            ?? throw NvgDataException.At(folder, "holds a tokenizer without generators", "name a whole model");
        bool isDone = part == DistilledPart.Content
            ? sizes.ContentGuidanceLimit is not null
            : sizes.StructureStepInput || sizes.StructureGuidanceLimit is not null;
        if (isDone)
        {
            throw NvgDataException.At(
                folder, $"its {part.Name()} generator has already been distilled", "distil the model that it was made from");
        }

        if (part == DistilledPart.Structure && sizes.StructureStageCount == 0)
            throw NvgDataException.At(folder, "its structure maps have too few stages: no split is predicted");
        return (sizes, config.Sampling);
    }

    /// <summary>The largest guidance scale of a generator in a model's settings.</summary>
    internal static double LargestGuidance(GeneratorConfig sizes, SamplingOptions sampling, DistilledPart part)
    {
        (StageSchedule guidance, int stages) = part == DistilledPart.Content
            ? (sampling.ContentGuidance, sizes.Grid.StageCount)
            : (sampling.StructureGuidance, sizes.StructureStageCount);
        return Enumerable.Range(0, stages).Max(i => guidance.At(i, sizes.Grid.LastStage));
    }

    /// <summary>Guided velocities of the first sequences of a batch, without gradients; known channels do not move.</summary>
    /// <param name="batch">The sequences at points of the flow.</param>
    /// <param name="guidance">Guidance scale of each sequence.</param>
    internal Tensor Velocity(StructureFlowBatch batch, double[] guidance)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        StructureGenerator generator = _model.SamplingGenerator.Structure;
        Tensor unknown_N1K = UnknownChannels.Mask(batch.Stage_N, (int)batch.Z_NLK.Size(2));
        Tensor velocity_NLK = Guided(
            guidance, batch.Class_N, (rows, class_M) => (batch.Rows(rows) with { Class_N = class_M }).Predict(generator, null));
        return scope.Keep(velocity_NLK * unknown_N1K);
    }

    /// <summary>
    /// Guided predictions of the content generator, without gradients. Logits are linear in them, so their logits are the guided ones.
    /// </summary>
    /// <param name="canvas_NLC">Unscaled canvases before the stage.</param>
    /// <param name="structure_NLK">Embedding of the stage's structure map.</param>
    /// <param name="stage_N">Stage of each sequence.</param>
    /// <param name="class_N">Class of each sequence.</param>
    /// <param name="guidance">Guidance scale of each sequence.</param>
    /// <returns>As <see cref="ContentGenerator.PredictFinalCanvas"/>.</returns>
    internal Tensor PredictFinalCanvas(Tensor canvas_NLC, Tensor structure_NLK, Tensor stage_N, Tensor class_N, double[] guidance)
    {
        ContentGenerator generator = _model.SamplingGenerator.Content;
        return Guided(guidance, class_N, (rows, class_M) => generator.PredictFinalCanvas(
            StructureFlowBatch.Chosen(canvas_NLC, rows), StructureFlowBatch.Chosen(structure_NLK, rows),
            StructureFlowBatch.Chosen(stage_N, rows), class_M));
    }

    /// <summary>Writes a model folder with another generator; everything else is copied from the teacher.</summary>
    /// <param name="folder">The folder to write.</param>
    /// <param name="config">Config of the new model.</param>
    /// <param name="student">Parameters of the distilled generator. They are stored in the teacher's types.</param>
    internal void Save(string folder, ModelConfig config, IReadOnlyDictionary<string, Tensor> student)
    {
        using var scope = new TensorScope();
        string[] files = NvgModel.TensorFiles(_model.Folder, _model.Config);
        using SafetensorsFile tokenizer = SafetensorsFile.Open(files[0]), generator = SafetensorsFile.Open(files[1]);
        ScalarType matrices = generator["structure_embed.weight"].ScalarType;
        Dictionary<string, Tensor> tensors = generator.Where(t => !student.ContainsKey(t.Key)).ToDictionary(t => t.Key, t => t.Value);
        foreach ((string name, Tensor value) in student)
        {
            ScalarType added = value.Rank < 2 ? value.ScalarType : matrices;
            tensors.Add(name, value.To(generator.TryGetValue(name, out Tensor? stored) ? stored.ScalarType : added));
        }

        NvgModel.Save(folder, config, tokenizer, tensors, _model.Labels, type: null);
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    // u + g · (c − u) from a single pass: all sequences with their class, then the guided ones without a class.
    private Tensor Guided(double[] guidance, Tensor class_N, Func<long[], Tensor, Tensor> predict)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        int count = guidance.Length;
        long[] all = [.. Enumerable.Range(0, count).Select(i => (long)i)];
        long[] guided = [.. all.Where(i => guidance[i] != 1)];
        if (guided.Length == 0)
            return scope.Keep(predict(all, class_N));
        Tensor null_G = Tensor.Full([guided.Length], Sizes.NullClass, ScalarType.Int64, class_N.Device);
        Tensor predicted = predict([.. all, .. guided], Tensor.Cat([class_N, null_G], 0)), conditional = predicted.Narrow(0, 0, count);
        long[] places = [.. all.Select(i => guidance[i] != 1 ? count + Array.IndexOf(guided, i) : i)];
        Tensor unconditional = StructureFlowBatch.Chosen(predicted, places);
        Tensor scale_N11 = AverageVelocity.Numbers(guidance, class_N.Device).Reshape(-1, 1, 1);
        return scope.Keep(unconditional + (conditional - unconditional) * scale_N11);
    }
}
