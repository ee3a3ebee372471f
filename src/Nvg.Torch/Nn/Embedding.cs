namespace Nvg.Torch.Nn;

/// <summary>A table of vectors.</summary>
public sealed class Embedding
{
    /// <summary>Initialises rows from a normal distribution with standard deviation 0.02.</summary>
    public Embedding(ParameterPath path, long count, long size, Initialization? initialization = null) =>
        Weight = path.Parameter("weight", [count, size], initialization ?? Initialization.Normal(0.02));

    /// <summary>The table, count × size; owned by the model.</summary>
    public Tensor Weight { get; }

    /// <summary>(…) indices → (…, size) rows, in float32.</summary>
    public Tensor Forward(Tensor indices)
    {
        using Tensor rows = Functional.Embedding(Weight, indices);
        return rows.To(ScalarType.Float32);
    }
}
