using Nvg.Torch;

namespace Nvg.Training.Tasks.Generators.Intervals;

/// <summary>
/// Training targets for average velocities over an interval (docs/method.md, section 11.1). If u is the average over the interval
/// from t to t − d, then z − d · u is the point at its end. The average over the interval is the mean of the averages over its
/// two halves.
/// </summary>
/// <remarks>Shapes: N sequences, L positions, K structure channels.</remarks>
internal static class AverageVelocity
{
    /// <summary>Computes an average velocity from the point, the time at which the interval starts, and its length.</summary>
    internal delegate Tensor OverInterval(Tensor z_NLK, Tensor time_N, Tensor step_N);

    /// <summary>Computes the velocities of the first sequences of a batch from their points and times.</summary>
    internal delegate Tensor AtTime(Tensor z_PLK, Tensor time_P);

    /// <summary>The average over an interval, computed from the averages over its halves, without gradients.</summary>
    /// <param name="average">Computes the averages over the halves.</param>
    /// <param name="z_NLK">Points at the start.</param>
    /// <param name="time_N">Time at the start.</param>
    /// <param name="step_N">Length of the interval.</param>
    internal static Tensor OfHalves(OverInterval average, Tensor z_NLK, Tensor time_N, Tensor step_N)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor half_N = step_N * 0.5;
        Tensor first_NLK = average(z_NLK, time_N, half_N);
        Tensor middle_NLK = z_NLK - first_NLK * half_N.Reshape(-1, 1, 1);
        Tensor second_NLK = average(middle_NLK, time_N - half_N, half_N);
        return scope.Keep((first_NLK + second_NLK) * 0.5);
    }

    /// <summary>The average over an interval, computed with Euler steps inside it, without gradients.</summary>
    /// <param name="velocity">Computes velocities.</param>
    /// <param name="z_NLK">Points at the start.</param>
    /// <param name="times">Times of each sequence, descending; sequences with more times come first.</param>
    internal static Tensor OfSteps(AtTime velocity, Tensor z_NLK, IReadOnlyList<double[]> times)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor point_NLK = z_NLK.Alias();
        for (int step = 0; step < times[0].Length - 1; step++)
        {
            using var stepScope = new TensorScope();
            // Sequences that have finished their steps are at the end.
            double[][] moving = [.. times.TakeWhile(t => t.Length > step + 1)];
            Tensor moving_PLK = point_NLK.Narrow(0, 0, moving.Length);
            Tensor time_P = Numbers(Array.ConvertAll(moving, t => t[step]), z_NLK.Device);
            Tensor length_P11 = Numbers(Array.ConvertAll(moving, t => t[step] - t[step + 1]), z_NLK.Device).Reshape(-1, 1, 1);
            Tensor moved_PLK = moving_PLK - velocity(moving_PLK, time_P) * length_P11;
            Tensor still = point_NLK.Narrow(0, moving.Length, times.Count - moving.Length);
            point_NLK = stepScope.Keep(Tensor.Cat([moved_PLK, still], 0));
        }

        Tensor length_N11 = Numbers([.. times.Select(t => t[0] - t[^1])], z_NLK.Device).Reshape(-1, 1, 1);
        return scope.Keep((z_NLK - point_NLK) / length_N11);
    }

    /// <summary>Numbers as a float32 tensor in the innermost scope.</summary>
    internal static Tensor Numbers(double[] values, Device device)
    {
        using Tensor host = Tensor.From(Array.ConvertAll(values, v => (float)v), values.Length);
        return host.Send(device);
    }
}
