namespace Nvg.Training.Optimization;

/// <summary>The learning rate over the steps of a run, as a fraction of its peak.</summary>
public static class LearningRateSchedule
{
    /// <summary>
    /// Rises linearly from <paramref name="start"/> to 1 during warm-up, holds at 1, then falls linearly to <paramref name="final"/> at the
    /// last step.
    /// </summary>
    public static double WarmupHoldDecay(long step, long warmupSteps, long holdSteps, long totalSteps, double start, double final)
    {
        if (step < warmupSteps)
            return start + (1 - start) * step / warmupSteps;
        long decayStart = warmupSteps + holdSteps;
        if (step < decayStart || totalSteps <= decayStart)
            return 1;
        return 1 + (final - 1) * Math.Min(1, (double)(step - decayStart) / (totalSteps - decayStart));
    }

    /// <summary>
    /// Rises linearly from <paramref name="start"/> to 1 during warm-up, then follows half a cosine to <paramref name="final"/>.
    /// </summary>
    public static double Cosine(long step, long warmupSteps, long totalSteps, double start, double final)
    {
        if (step < warmupSteps)
            return start + (1 - start) * step / warmupSteps;
        double progress = Math.Clamp((double)(step - warmupSteps) / Math.Max(1, totalSteps - warmupSteps), 0, 1);
        return final + (1 - final) * 0.5 * (1 + Math.Cos(Math.PI * progress));
    }

    /// <summary>
    /// Rises linearly from <paramref name="start"/> to 1 during warm-up, holds at 1 for a share of the remaining steps, then
    /// falls linearly to <paramref name="final"/> exactly at the last step.
    /// </summary>
    public static double WarmupLinear(long step, long warmupSteps, double holdShare, long totalSteps, double start, double final)
    {
        if (step < warmupSteps)
            return start + (1 - start) * step / warmupSteps;
        double progress = (double)(step - warmupSteps) / Math.Max(1, totalSteps - 1 - warmupSteps);
        return progress < holdShare || holdShare >= 1 ? 1 : final + (1 - final) * (1 - Math.Min(1, progress)) / (1 - holdShare);
    }

    /// <summary>Weight decay of a step: half a cosine from the first step's value to the last step's.</summary>
    public static double WeightDecay(long step, long totalSteps, double start, double final) =>
        final + (start - final) * 0.5 * (1 + Math.Cos(Math.PI * step / Math.Max(1, totalSteps - 1)));

    internal static double Factor(TrainingOptions options, long step) => options.Schedule switch
    {
        LearningRateShape.Cosine => Cosine(step, options.WarmupSteps, options.Steps, options.StartFactor, options.FinalFactor),
        LearningRateShape.WarmupLinear =>
            WarmupLinear(step, options.WarmupSteps, options.HoldShare, options.Steps, options.StartFactor, options.FinalFactor),
        _ => WarmupHoldDecay(step, options.WarmupSteps, HoldSteps(options), options.Steps, options.StartFactor, options.FinalFactor),
    };

    private static long HoldSteps(TrainingOptions options) =>
        Math.Max(0, (long)(options.HoldShare * options.Steps) - options.WarmupSteps);
}
