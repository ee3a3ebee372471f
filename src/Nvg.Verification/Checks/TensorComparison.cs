using Nvg.Torch;

namespace Nvg.Verification.Checks;

/// <summary>Compares a computed tensor with its reference, element by element in float64.</summary>
internal static class TensorComparison
{
    /// <param name="name">Name in the report.</param>
    /// <param name="expected">The reference; scalars are stored with shape [1].</param>
    /// <param name="actual">The value computed by this build, on any device.</param>
    /// <param name="tolerance">Allowed difference.</param>
    internal static TensorCheck Compare(string name, Tensor expected, Tensor actual, Tolerance tolerance)
    {
        if (ShapeProblem(name, expected, actual) is { } problem)
            return problem;
        double[] references = Values(expected), values = Values(actual);
        double largestError = 0, largestRelative = 0, worstExcess = double.NegativeInfinity;
        int failures = 0, worst = 0;
        for (int i = 0; i < values.Length; i++)
        {
            double error = Difference(values[i], references[i]);
            double relative = error == 0 ? 0 : error / Math.Abs(references[i]);
            // An infinite reference matches only itself; otherwise its relative tolerance would be infinite.
            double excess =
                error - (double.IsFinite(references[i]) ? tolerance.Absolute + tolerance.Relative * Math.Abs(references[i]) : 0);
            largestError = Larger(largestError, error);
            largestRelative = references[i] == 0 ? largestRelative : Larger(largestRelative, relative);
            if (excess <= 0)
                continue;
            failures++;
            if (failures == 1 || double.IsNaN(excess) || excess > worstExcess)
                (worstExcess, worst) = (double.IsNaN(excess) ? double.PositiveInfinity : excess, i);
        }

        string? detail = failures == 0
            ? null
            : $"{failures} of {values.Length} differ, worst at {Position(worst, expected.Shape)}: {values[worst]:G9} instead of "
                + $"{references[worst]:G9}";
        return new TensorCheck(name, expected.Shape.ToArray(), largestError, largestRelative, tolerance.Relative, tolerance.Absolute,
            failures == 0, detail);
    }

    /// <summary>Compares a computed tensor with its reference as a whole, for results with rounded products.</summary>
    /// <param name="name">Name in the report.</param>
    /// <param name="expected">The reference.</param>
    /// <param name="actual">The value computed by this build.</param>
    /// <param name="tolerance">Allowed ‖a − b‖ / ‖b‖.</param>
    internal static TensorCheck CompareRounded(string name, Tensor expected, Tensor actual, double tolerance)
    {
        if (ShapeProblem(name, expected, actual) is { } problem)
            return problem;
        double[] references = Values(expected), values = Values(actual);
        double largest = 0, error = 0, norm = 0;
        for (int i = 0; i < values.Length; i++)
        {
            double difference = Difference(values[i], references[i]);
            largest = Larger(largest, difference);
            error += difference * difference;
            norm += references[i] * references[i];
        }

        double relative = error == 0 ? 0 : Math.Sqrt(error / norm);
        bool passed = relative <= tolerance;
        string? detail = passed ? null : $"the relative error over all values is {relative:0.0e+0}";
        return new TensorCheck(name, expected.Shape.ToArray(), largest, relative, tolerance, 0, passed, detail);
    }

    // Null if the values can be compared. Scalars can have any shape with one element.
    private static TensorCheck? ShapeProblem(string name, Tensor expected, Tensor actual) =>
        (expected.ElementCount == 1 && actual.ElementCount == 1) || expected.Shape.SequenceEqual(actual.Shape) ? null
            : TensorCheck.Impossible(name, $"the reference is {expected}, this build gives {actual}");

    private static double[] Values(Tensor tensor)
    {
        using Tensor wide = tensor.To(Device.Cpu, ScalarType.Float64);
        return wide.ToArray<double>();
    }

    // Equal infinities do not differ; NaN is never within a tolerance.
    private static double Difference(double value, double reference) => value == reference ? 0 : Math.Abs(value - reference);

    private static double Larger(double left, double right) =>
        double.IsNaN(left) || double.IsNaN(right) ? double.NaN : Math.Max(left, right);

    private static string Position(long index, ReadOnlySpan<long> shape)
    {
        var position = new long[shape.Length];
        for (int d = shape.Length - 1; d >= 0; d--)
            (index, position[d]) = Math.DivRem(index, shape[d]);
        return $"[{string.Join(", ", position)}]";
    }
}
