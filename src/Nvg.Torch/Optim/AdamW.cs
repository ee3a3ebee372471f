using Nvg.Torch.Nn;

namespace Nvg.Torch.Optim;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter), over all parameters of a store at once. Weight decay applies to parameters
/// with two or more dimensions. Owns its moments.
/// </summary>
public sealed class AdamW : IDisposable
{
    // Available for GPUs in libtorch 2.0 and later, and for the CPU in 2.4 and later.
    private static readonly Operator FusedOp = new("aten::_fused_adamw_");

    private readonly ParameterStore _parameters;
    private readonly string[] _names;
    private readonly Dictionary<string, Tensor> _mean = [];
    private readonly Dictionary<string, Tensor> _meanSquare = [];

    /// <param name="parameters">The parameters to train; borrowed. Its learned tensors are set to require gradients.</param>
    public AdamW(ParameterStore parameters) : this(parameters, parameters.TrainableNames) { }

    /// <param name="parameters">The store with the parameters; borrowed.</param>
    /// <param name="names">The parameters to train, which are set to require gradients; the others are not modified.</param>
    public AdamW(ParameterStore parameters, IEnumerable<string> names)
    {
        _parameters = parameters;
        _names = [.. names];
        IsFused = _names.Length > 0 && parameters[_names[0]].Device.Type == DeviceType.Cuda && HasFusedKernel;
        using GradMode noGrad = Autograd.NoGrad();
        foreach (string name in _names)
        {
            parameters[name].RequiresGrad = true;
            _mean[name] = Tensor.ZerosLike(parameters[name]).Own();
            _meanSquare[name] = Tensor.ZerosLike(parameters[name]).Own();
        }
    }

    /// <summary>Decay of the mean of gradients.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the mean of squared gradients.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Keeps the quotient finite.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Weight decay per step and unit of learning rate.</summary>
    public double WeightDecay { get; set; }

    /// <summary>Parameters with two or more dimensions that are excluded from weight decay.</summary>
    public IReadOnlySet<string> NotDecayed { get; init; } = new HashSet<string>();

    /// <summary>
    /// Whether a step is a single fused kernel over all parameters, which reads and writes every number once. Otherwise, each operation is
    /// a separate kernel. Both give the same result up to rounding.
    /// </summary>
    internal bool IsFused { get; init; }

    /// <summary>Whether the loaded libtorch has the fused kernel.</summary>
    internal static bool HasFusedKernel => FusedOp.Exists;

    /// <summary>Number of steps taken.</summary>
    public long StepCount { get; private set; }

    /// <summary>Scales down all gradients so that their total norm is at most <paramref name="maximum"/>.</summary>
    /// <returns>The norm before scaling, as a tensor on the device, or null if there are no gradients; the caller disposes it.</returns>
    public Tensor? ClipGradients(double maximum)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor[] grads = [.. _names.Select(n => _parameters[n].Grad).OfType<Tensor>()];
        if (grads.Length == 0)
            return null;
        Tensor norm = Tensor.Stack(ForeachOps.Norms(grads), 0).Square().Sum().Sqrt();
        if (maximum > 0)
        {
            // The factor stays on the device: reading it would wait for the backward pass.
            Tensor factor = (Tensor.Full([], maximum, device: norm.Device) / (norm + 1e-6)).Clamp(null, 1);
            foreach (Tensor grad in grads)
                grad.MultiplyInPlace(factor);
        }

        return scope.Keep(norm);
    }

    /// <summary>Takes a step with the accumulated gradients and clears them; without gradients it does nothing.</summary>
    public void Step(double learningRate)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        string[] names = [.. _names.Where(n => HasGrad(_parameters[n]))];
        if (names.Length == 0)
            return;
        StepCount++;
        Tensor[] grads = Array.ConvertAll(names, n => _parameters[n].Grad!);
        if (IsFused && Array.TrueForAll(grads, grad => grad.IsContiguous))
            StepFused(names, grads, learningRate);
        else
            StepComposed(names, grads, learningRate);
        foreach (string name in _names)
            _parameters[name].Grad = null;
    }

    // The kernel takes a single weight decay, so parameters with and without it need separate calls.
    private void StepFused(string[] names, Tensor[] grads, double learningRate)
    {
        Tensor step = Tensor.Full([], StepCount, device: grads[0].Device);
        foreach (bool isDecayed in new[] { true, false })
        {
            int[] part = [.. Enumerable.Range(0, names.Length).Where(i => IsDecayed(names[i]) == isDecayed)];
            if (part.Length == 0)
                continue;
            FusedOp.Run(
                Array.ConvertAll(part, i => _parameters[names[i]]), Array.ConvertAll(part, i => grads[i]),
                Array.ConvertAll(part, i => _mean[names[i]]), Array.ConvertAll(part, i => _meanSquare[names[i]]), Array.Empty<Tensor>(),
                Array.ConvertAll(part, _ => step), learningRate, Beta1, Beta2, isDecayed ? WeightDecay : 0.0, Epsilon, false, false);
        }
    }

    private void StepComposed(string[] names, Tensor[] grads, double learningRate)
    {
        Tensor[] weights = Array.ConvertAll(names, n => _parameters[n]);
        Tensor[] mean = Array.ConvertAll(names, n => _mean[n]);
        Tensor[] meanSquare = Array.ConvertAll(names, n => _meanSquare[n]);
        if (WeightDecay > 0)
        {
            Tensor[] decayed = [.. weights.Where((_, i) => IsDecayed(names[i]))];
            ForeachOps.Multiply(decayed, 1 - learningRate * WeightDecay);
        }

        ForeachOps.Multiply(mean, Beta1);
        ForeachOps.Add(mean, grads, 1 - Beta1);
        ForeachOps.Multiply(meanSquare, Beta2);
        ForeachOps.AddProduct(meanSquare, grads, grads, 1 - Beta2);
        double correction1 = 1 - Math.Pow(Beta1, StepCount), correction2 = 1 - Math.Pow(Beta2, StepCount);
        Tensor[] denominators = ForeachOps.Sqrt(meanSquare);
        ForeachOps.Divide(denominators, Math.Sqrt(correction2));
        ForeachOps.Add(denominators, Epsilon);
        ForeachOps.AddQuotient(weights, mean, denominators, -learningRate / correction1);
    }

    /// <summary>The moments by name, for storing in a checkpoint; owned by the optimizer.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State =>
        _names.SelectMany(n =>
            new[] { KeyValuePair.Create($"mean.{n}", _mean[n]), KeyValuePair.Create($"mean_square.{n}", _meanSquare[n]) });

    /// <summary>Continues from stored moments.</summary>
    public void Restore(IReadOnlyDictionary<string, Tensor> state, long stepCount)
    {
        using GradMode noGrad = Autograd.NoGrad();
        foreach ((string name, Tensor moment) in State)
            moment.CopyFrom(state[name]);
        StepCount = stepCount;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _mean.Values.Concat(_meanSquare.Values))
            tensor.Dispose();
    }

    private bool IsDecayed(string name) => _parameters[name].Rank >= 2 && !NotDecayed.Contains(name);

    private static bool HasGrad(Tensor parameter)
    {
        using Tensor? grad = parameter.Grad;
        return grad is not null;
    }
}
