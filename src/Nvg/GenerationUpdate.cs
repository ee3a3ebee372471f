namespace Nvg;

/// <summary>An event while a request is computed: a <see cref="StageCompleted"/> or an <see cref="ImageCompleted"/>.</summary>
/// <param name="Progress">Progress of the request.</param>
public abstract record GenerationUpdate(GenerationProgress Progress)
{
    /// <summary>Completed share of the whole request, from 0 to 1.</summary>
    public double Share => Progress.Share;
}
