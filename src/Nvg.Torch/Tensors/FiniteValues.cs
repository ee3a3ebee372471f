namespace Nvg.Torch;

/// <summary>Finds NaN and infinite values, which result from damaged weights and overflow.</summary>
internal static class FiniteValues
{
    /// <summary>Whether every value is finite. Always true for integer tensors, empty tensors and tensors without memory.</summary>
    internal static bool AreAll(Tensor values)
    {
        if (!values.ScalarType.IsFloatingPoint() || values.ElementCount == 0 || values.Device.Type == DeviceType.Meta)
            return true;
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        // The sum reads every value once and needs no memory. It is finite only if all values are; the reverse does not hold,
        // because it may overflow.
        return double.IsFinite(values.Sum().Item()) || values.IsFinite().All().Item() != 0;
    }

    /// <summary>The number of values that are NaN or infinite.</summary>
    internal static long CountOther(Tensor values)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        return values.ElementCount - (long)values.IsFinite().To(ScalarType.Int64).Sum().Item();
    }

    /// <summary>Index of the first row with a value that is NaN or infinite, or null.</summary>
    /// <param name="values">Rows in the first dimension.</param>
    internal static long? FirstOtherRow(Tensor values)
    {
        if (AreAll(values))
            return null;
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor finite_N = values.IsFinite().Reshape(values.Size(0), -1).To(ScalarType.Int64).Sum(1);
        Tensor bad_N = finite_N.IsLess((double)(values.ElementCount / values.Size(0)));
        return (long)bad_N.To(ScalarType.Int64).ArgMax(0).Item();
    }
}
