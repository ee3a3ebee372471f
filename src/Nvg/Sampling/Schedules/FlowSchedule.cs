namespace Nvg.Sampling.Schedules;

/// <summary>The times of the structure flow, from 1 (noise) to 0 (structure), increasingly dense near noise for longer sequences.</summary>
public static class FlowSchedule
{
    // The shift's exponent is linear in the number of tokens through these two points (docs/method.md, section 6.2).
    private const double BaseLength = 256, BaseShift = 0.5, MaximumLength = 4096, MaximumShift = 1.15;

    /// <summary>Returns steps + 1 times from 1 to 0.</summary>
    /// <param name="steps">Euler steps.</param>
    /// <param name="length">L, latent positions.</param>
    /// <param name="shifted">Whether times are shifted towards noise.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of steps is less than one.</exception>
    public static double[] Times(int steps, int length, bool shifted = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        double mu = BaseShift + (MaximumShift - BaseShift) * (length - BaseLength) / (MaximumLength - BaseLength);
        double[] times = new double[steps + 1];
        for (int i = 0; i <= steps; i++)
        {
            double t = 1 - (double)i / steps;
            times[i] = !shifted ? t : t <= 0 ? 0 : Math.Exp(mu) / (Math.Exp(mu) + (1 / t - 1));
        }

        return times;
    }
}
