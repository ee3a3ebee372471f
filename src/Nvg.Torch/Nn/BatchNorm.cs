namespace Nvg.Torch.Nn;

/// <summary>
/// Batch normalisation with learned scale and shift. The running statistics are measured, not learned.
/// </summary>
public sealed class BatchNorm
{
    private readonly Tensor _weight;
    private readonly Tensor _bias;
    private readonly Tensor _mean;
    private readonly Tensor _variance;
    private readonly double _epsilon;

    /// <summary>Initialises scale to one and shift to zero; mean is zero and variance one until they are measured.</summary>
    public BatchNorm(ParameterPath path, long channels, double epsilon = 1e-5)
    {
        _weight = path.Parameter("weight", [channels], Initialization.Ones);
        _bias = path.Parameter("bias", [channels], Initialization.Zeros);
        _mean = path.MeasuredBuffer("running_mean", [channels], Initialization.Zeros);
        _variance = path.MeasuredBuffer("running_var", [channels], Initialization.Ones);
        _epsilon = epsilon;
    }

    /// <summary>Normalises N × C × H × W with the measured statistics. The result for an image does not depend on its batch.</summary>
    public Tensor Forward(Tensor input) => Functional.BatchNorm(input, _weight, _bias, _mean, _variance, _epsilon);

    /// <summary>Normalises N × C × H × W with the batch's own statistics, as in training.</summary>
    public Tensor ForwardBatch(Tensor input) => Functional.BatchNormOfBatch(input, _weight, _bias, _epsilon);

    /// <summary>Same as <see cref="ForwardBatch"/>, but also moves the measured statistics towards the batch's.</summary>
    /// <param name="input">N × C × H × W.</param>
    /// <param name="share">Interpolation factor: 1/k at the k-th batch gives the mean over all batches.</param>
    public Tensor Measure(Tensor input, double share) =>
        Functional.BatchNormOfBatch(input, _weight, _bias, _epsilon, _mean, _variance, share);
}
