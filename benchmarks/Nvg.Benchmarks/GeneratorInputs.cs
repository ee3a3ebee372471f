using Nvg.Torch;

namespace Nvg.Benchmarks;

/// <summary>Inputs of a forward pass of either generator. Owns its tensors.</summary>
/// <param name="Canvas_NLC">Canvases.</param>
/// <param name="Structure_NLK">Structure embeddings.</param>
/// <param name="Stage_N">Stages.</param>
/// <param name="Class_N">Classes.</param>
internal sealed record GeneratorInputs(Tensor Canvas_NLC, Tensor Structure_NLK, Tensor Stage_N, Tensor Class_N) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Canvas_NLC.Dispose();
        Structure_NLK.Dispose();
        Stage_N.Dispose();
        Class_N.Dispose();
    }
}
