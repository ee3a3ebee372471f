namespace Nvg.Training.Optimization;

/// <summary>The learning rate over the steps of a run, as a share of its peak.</summary>
public static class LearningRateSchedule
{
    /// <summary>Linear from start to 1 over the warm-up, 1 while it holds, linear to the final share at the last step.</summary>
    public static double WarmupHoldDecay(long step, long warmupSteps, long holdSteps, long totalSteps, double start, double final)
    {
        if (step < warmupSteps)
            return start + (1 - start) * step / warmupSteps;
        long decayStart = warmupSteps + holdSteps;
        if (step < decayStart || totalSteps <= decayStart)
            return 1;
        return 1 + (final - 1) * Math.Min(1, (double)(step - decayStart) / (totalSteps - decayStart));
    }

    /// <summary>Linear from start to 1 over the warm-up, then half a cosine to the final share.</summary>
    public static double Cosine(long step, long warmupSteps, long totalSteps, double start, double final)
    {
        if (step < warmupSteps)
            return start + (1 - start) * step / warmupSteps;
        double progress = Math.Clamp((double)(step - warmupSteps) / Math.Max(1, totalSteps - warmupSteps), 0, 1);
        return final + (1 - final) * 0.5 * (1 + Math.Cos(Math.PI * progress));
    }

    internal static double Factor(TrainingOptions options, long step) => options.Schedule switch
    {
        LearningRateShape.Cosine => Cosine(step, options.WarmupSteps, options.Steps, options.StartFactor, options.FinalFactor),
        _ => WarmupHoldDecay(step, options.WarmupSteps, Math.Max(0, (long)(options.HoldShare * options.Steps) - options.WarmupSteps), options.Steps, options.StartFactor, options.FinalFactor),
    };
}
