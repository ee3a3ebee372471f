using Nvg.Checkpoints;
using Nvg.Generators;
using Nvg.Sampling;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Generators.Intervals;

namespace Nvg.Training.Tasks.Distillation;

/// <summary>The frozen model of a distillation: its guided velocities and its stored weights. Owns the model.</summary>
/// <remarks>Shapes: N sequences, L positions, K structure channels.</remarks>
internal sealed class DistillationTeacher : IDisposable
{
    private readonly NvgModel _model;

    /// <param name="folder">Folder of the model.</param>
    /// <param name="device">Where the model is computed.</param>
    /// <param name="type">Precision of the model's matrices.</param>
    /// <exception cref="NvgDataException">The folder holds no model that can be distilled.</exception>
    internal DistillationTeacher(string folder, Device device, ScalarType type)
    {
        Read(folder);
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
    internal static (GeneratorConfig Sizes, SamplingOptions Sampling) Read(string folder)
    {
        ModelConfig config = NvgModel.ReadConfig(folder);
        GeneratorConfig sizes = config.Generator
            ?? throw NvgDataException.At(folder, "holds a tokenizer without generators", "name a whole model");
        if (sizes.StructureStepInput || sizes.StructureGuidanceLimit is not null)
        {
            throw NvgDataException.At(
                folder, "its structure generator has already been distilled", "distil the model that it was made from");
        }

        if (sizes.StructureStageCount == 0)
            throw NvgDataException.At(folder, "its structure maps have too few stages: no split is predicted");
        return (sizes, config.Sampling);
    }

    /// <summary>The largest guidance scale of the structure in a model's settings.</summary>
    internal static double LargestGuidance(GeneratorConfig sizes, SamplingOptions sampling) => Enumerable
        .Range(0, sizes.StructureStageCount).Max(i => sampling.StructureGuidance.At(i, sizes.Grid.LastStage));

    /// <summary>Guided velocities of the first sequences of a batch, without gradients; known channels do not move.</summary>
    /// <param name="batch">The sequences at points of the flow.</param>
    /// <param name="guidance">Guidance scale of each sequence.</param>
    internal Tensor Velocity(StructureFlowBatch batch, double[] guidance)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        int count = guidance.Length;
        StructureGenerator generator = _model.SamplingGenerator.Structure;
        Tensor unknown_N1K = UnknownChannels.Mask(batch.Stage_N, (int)batch.Z_NLK.Size(2));
        long[] guided = [.. guidance.Index().Where(g => g.Item != 1).Select(g => (long)g.Index)];
        if (guided.Length == 0)
            return scope.Keep(batch.Predict(generator, null) * unknown_N1K);
        // One pass: all sequences with their class, then the guided ones without a class.
        StructureFlowBatch both = batch.Rows([.. Enumerable.Range(0, count).Select(i => (long)i), .. guided]);
        Tensor null_G = Tensor.Full([guided.Length], Sizes.NullClass, ScalarType.Int64, batch.Class_N.Device);
        both = both with { Class_N = Tensor.Cat([both.Class_N.Narrow(0, 0, count), null_G], 0) };
        Tensor predicted = both.Predict(generator, null), conditional_NLK = predicted.Narrow(0, 0, count);
        long[] places = [.. guidance.Select((g, i) => g != 1 ? count + Array.IndexOf(guided, i) : (long)i)];
        Tensor unconditional_NLK = StructureFlowBatch.Chosen(predicted, places);
        Tensor scale_N11 = AverageVelocity.Numbers(guidance, batch.Z_NLK.Device).Reshape(-1, 1, 1);
        return scope.Keep((unconditional_NLK + (conditional_NLK - unconditional_NLK) * scale_N11) * unknown_N1K);
    }

    /// <summary>Writes a model folder with another structure generator; everything else is copied from the teacher.</summary>
    /// <param name="folder">The folder to write.</param>
    /// <param name="config">Config of the new model.</param>
    /// <param name="structure">Parameters of the structure generator.</param>
    internal void Save(string folder, ModelConfig config, IReadOnlyDictionary<string, Tensor> structure)
    {
        using var scope = new TensorScope();
        string[] files = NvgModel.TensorFiles(_model.Folder, _model.Config);
        using SafetensorsFile tokenizer = SafetensorsFile.Open(files[0]), generator = SafetensorsFile.Open(files[1]);
        ScalarType type = generator["structure_embed.weight"].ScalarType;
        Dictionary<string, Tensor> tensors = generator.Where(t => !structure.ContainsKey(t.Key)).ToDictionary(t => t.Key, t => t.Value);
        foreach ((string name, Tensor value) in structure)
            tensors.Add(name, value.Rank < 2 ? value.Alias() : value.To(type));
        NvgModel.Save(folder, config, tokenizer, tensors, _model.Labels, type: null);
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();
}
