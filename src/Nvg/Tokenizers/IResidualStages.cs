using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>
/// Defines how a method divides the latent into the tokens of its stages. Granularity stages use cluster means and scattering; scales use
/// area averages and bicubic upsampling.
/// </summary>
/// <remarks>
/// Shapes: B images, N points of a stage, C latent channels. Latent, residual and canvas share one layout, which the method chooses.
/// </remarks>
internal interface IResidualStages : IDisposable
{
    /// <summary>Number of stages.</summary>
    int Count { get; }

    /// <summary>Computes the points that a stage describes.</summary>
    /// <param name="stage">Zero-based index of the stage.</param>
    /// <param name="residual">The part of the latent not yet described by earlier stages.</param>
    /// <returns>B × N × C.</returns>
    Tensor Pool(int stage, Tensor residual);

    /// <summary>Computes the contribution of a stage to the canvas: codes are spread over the latent, then refined.</summary>
    /// <param name="stage">Zero-based index of the stage.</param>
    /// <param name="codes_BNC">A row of the codebook for every point.</param>
    Tensor Contribution(int stage, Tensor codes_BNC);
}
