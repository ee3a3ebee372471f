using Nvg.Torch;

namespace Nvg.Training.Tasks.Generators;

/// <summary>The channels of the structure embedding that a stage does not know yet.</summary>
internal static class UnknownChannels
{
    /// <summary>1 for the channels j ≥ i of stage i, otherwise 0.</summary>
    /// <param name="stage_N">Stage of each sequence.</param>
    /// <param name="channels">K.</param>
    /// <returns>N × 1 × K, float32.</returns>
    internal static Tensor Mask(Tensor stage_N, int channels)
    {
        using var scope = new TensorScope();
        Tensor channel_K = Tensor.Arange(0, channels, 1, ScalarType.Int64, stage_N.Device);
        return scope.Keep(stage_N.Unsqueeze(1).IsLessOrEqual(channel_K).To(ScalarType.Float32).Unsqueeze(1));
    }
}
