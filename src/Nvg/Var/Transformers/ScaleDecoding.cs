using Nvg.Torch;

namespace Nvg.Var.Transformers;

/// <summary>
/// State for predicting images scale by scale: values that depend only on the class, computed once, and the keys and values of previous
/// scales. Owns its tensors; borrows the transformer.
/// </summary>
/// <remarks>Shapes: N sequences, T tokens of a scale, C latent channels, V codes, W width.</remarks>
internal sealed class ScaleDecoding : IDisposable
{
    private readonly VarTransformer _transformer;
    private int _scale;

    /// <param name="transformer">Predicts the logits; borrowed.</param>
    /// <param name="class_NW">Class embeddings.</param>
    /// <param name="modulations">Modulation of every block.</param>
    /// <param name="head_NM">Modulation of the head.</param>
    internal ScaleDecoding(VarTransformer transformer, Tensor class_NW, Tensor[] modulations, Tensor head_NM)
    {
        _transformer = transformer;
        (Class_NW, Head_NM, Modulations) = (class_NW.Own(), head_NM.Own(), Array.ConvertAll(modulations, m => m.Own()));
        Caches = transformer.NewCaches(class_NW.Size(0));
    }

    internal Tensor Class_NW { get; }

    internal Tensor Head_NM { get; }

    internal Tensor[] Modulations { get; }

    internal KeyValueCache[] Caches { get; }

    /// <summary>The logits of the next scale, N × T × V, float32.</summary>
    /// <param name="input_NTC">The current canvas, pooled to the side of the scale; null for the first scale.</param>
    internal Tensor Next(Tensor? input_NTC) => _transformer.LogitsOf(this, _scale++, input_NTC);

    public void Dispose()
    {
        Class_NW.Dispose();
        Head_NM.Dispose();
        Array.ForEach(Modulations, m => m.Dispose());
        Array.ForEach(Caches, cache => cache.Dispose());
    }
}
