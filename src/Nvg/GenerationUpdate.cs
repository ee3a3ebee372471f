namespace Nvg;

/// <summary>An event while a request is computed: a <see cref="StageCompleted"/> or an <see cref="ImageCompleted"/>.</summary>
/// <param name="Progress">How far the request has come.</param>
public abstract record GenerationUpdate(GenerationProgress Progress)
{
    /// <summary>Share of the whole request that is done, from 0 to 1.</summary>
    public double Share => Progress.Share;
}
