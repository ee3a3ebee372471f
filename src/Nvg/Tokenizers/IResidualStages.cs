using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>
/// How a method divides the latent into the tokens of its stages. Mean per cluster and scatter give granularity stages, area
/// averages and bicubic enlargement give scales.
/// </summary>
/// <remarks>
/// Shapes: B images, N points of a stage, C latent channels. Latent, residual and canvas have the layout that the method
/// chooses, the same for all three.
/// </remarks>
internal interface IResidualStages : IDisposable
{
    /// <summary>Number of stages.</summary>
    int Count { get; }

    /// <summary>The points that a stage describes.</summary>
    /// <param name="stage">From 0.</param>
    /// <param name="residual">What earlier stages left over of the latent.</param>
    /// <returns>B × N × C.</returns>
    Tensor Pool(int stage, Tensor residual);

    /// <summary>The contribution of a stage to the canvas: codes spread over the latent, then refined.</summary>
    /// <param name="stage">From 0.</param>
    /// <param name="codes_BNC">A row of the codebook for every point.</param>
    Tensor Contribution(int stage, Tensor codes_BNC);
}
