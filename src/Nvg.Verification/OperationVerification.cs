using Nvg.Generators.Blocks;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Torch.Optim;
using Nvg.Verification.Checks;

namespace Nvg.Verification;

/// <summary>
/// Compares a device with the CPU, for operations that the device computes differently from the CPU's kernels. On the CPU itself, the
/// kernels are compared with the same formulas composed of libtorch operators.
/// </summary>
/// <remarks>Shapes: N sequences, T tokens, W width, H heads, D head size, M width of the MLP.</remarks>
public static class OperationVerification
{
    private const int Sequences = 3, Tokens = 17, Heads = 4, HeadSize = 64, Width = Heads * HeadSize, Mlp = 2 * Width;
    private const double Epsilon = 1e-6;

    private static readonly Tolerance Rounding = new(1e-4, 1e-5);
    private static readonly Operator Polar = new("aten::polar");

    /// <summary>Runs all comparisons, in float32.</summary>
    /// <param name="device">The device under test. On a GPU, TensorFloat-32 is disabled for the process.</param>
    /// <exception cref="TorchException">The device cannot be used.</exception>
    public static FixtureReport Run(Device device)
    {
        if (device.Type == DeviceType.Cuda)
            TorchRuntime.AllowTensorFloat32(false);
        using var random = new RandomGenerator(7);
        IEnumerable<TensorCheck> checks =
        [
            .. Norms(device, random), .. Attention(device, random), .. Sums(device, random), .. Codes(device, random),
            .. Maps(device, random), .. Optimizer(device, random), .. Copies(device, random), .. Generator(device),
        ];
        return new FixtureReport($"operations on {device}", [.. checks], []);
    }

    private static TensorCheck[] Norms(Device device, RandomGenerator random)
    {
        using var scope = new TensorScope();
        Tensor[] inputs = [Random(random, Sequences, Tokens, Width), Random(random, Sequences, Width), Random(random, Sequences, Width)];
        return Compare("modulated_layer_norm", device, inputs,
            i => BlockOperations.ModulatedLayerNorm(i[0], i[1], i[2], Epsilon, ScalarType.Float32),
            i => BlockOperations.Composed.ModulatedLayerNorm(i[0], i[1], i[2], Epsilon));
    }

    private static TensorCheck[] Attention(Device device, RandomGenerator random)
    {
        using var scope = new TensorScope();
        Tensor[] inputs = [Random(random, Sequences, Tokens, 3 * Width + Mlp), Random(random, HeadSize), Random(random, HeadSize)];
        Tensor angle_NTP = Random(random, Sequences, 1, Tokens, HeadSize / 2);
        Tensor turns = Polar.Call(Tensor.Full(angle_NTP.Shape.ToArray(), 1), angle_NTP), moved = turns.To(device);
        return Compare("attention_mlp", device, inputs,
            i => BlockOperations.AttentionMlp(i[0], i[1], i[2], turns, Heads, Epsilon),
            i => BlockOperations.Composed.AttentionMlp(i[0], i[1], i[2], moved, Heads, Epsilon));
    }

    private static TensorCheck[] Sums(Device device, RandomGenerator random)
    {
        using var scope = new TensorScope();
        Tensor[] inputs =
            [Random(random, Sequences, Tokens, Width), Random(random, Sequences, Width), Random(random, Sequences, Tokens, Width)];
        return Compare("gated_sum", device, inputs,
            i => BlockOperations.GatedSum(i[0], i[1], i[2]), i => BlockOperations.Composed.GatedSum(i[0], i[1], i[2]));
    }

    private static TensorCheck[] Codes(Device device, RandomGenerator random)
    {
        using var scope = new TensorScope();
        Tensor points_MC = Random(random, 200, 8), codebook_VC = Random(random, 64, 8);
        Tensor distances_MV = NearestCode.SquaredDistances(points_MC.To(device), codebook_VC.To(device));
        return
        [
            TensorComparison.Compare("nearest_code", NearestCode.Find(points_MC, codebook_VC), distances_MV.ArgMin(1), Tolerance.Exact),
        ];
    }

    // A convolution and a norm with swish, channels-last, as in the encoder and decoder.
    private static TensorCheck[] Maps(Device device, RandomGenerator random)
    {
        using var scope = new TensorScope();
        Tensor[] inputs = [Random(random, 2, 16, 12, 12), Random(random, 16, 16, 3, 3), Random(random, 16), Random(random, 16)];
        return Compare("convolution, group_norm, swish", device, inputs,
            i => Functional.GroupNormSwish(Functional.Conv2d(i[0].ChannelsLast(), i[1], null, 1, 1).ChannelsLast(), 4, i[2], i[3], Epsilon),
            i => Functional.Silu(Functional.GroupNorm(Functional.Conv2d(i[0].ChannelsLast(), i[1], null, 1, 1), 4, i[2], i[3], Epsilon)));
    }

    private static TensorCheck[] Optimizer(Device device, RandomGenerator random)
    {
        using var scope = new TensorScope();
        Tensor start = Random(random, 40, 30), gradient = Random(random, 40, 30);
        Tensor expected = Trained(start, gradient, isFused: false);
        var checks = new List<TensorCheck>
        {
            TensorComparison.Compare("adamw", expected, Trained(start.To(device), gradient.To(device), isFused: false), Rounding),
        };
        if (AdamW.HasFusedKernel && (device.Type == DeviceType.Cuda || HasFusedKernelOnCpu()))
        {
            Tensor fused = Trained(start.To(device), gradient.To(device), isFused: true);
            checks.Add(TensorComparison.Compare("adamw, one kernel", expected, fused, Rounding));
        }

        return [.. checks];
    }

    private static Tensor Trained(Tensor start, Tensor gradient, bool isFused)
    {
        using var scope = new TensorScope();
        using var store = new ParameterStore();
        store.Add("weight", start.Clone());
        using var optimizer = new AdamW(store) { IsFused = isFused, WeightDecay = 0.05, Beta2 = 0.95 };
        for (int step = 1; step <= 3; step++)
        {
            store["weight"].Grad = gradient * step;
            optimizer.ClipGradients(1);
            optimizer.Step(1e-2);
        }

        return scope.Keep(store["weight"].Detach().Clone());
    }

    private static bool HasFusedKernelOnCpu()
    {
        try
        {
            using var scope = new TensorScope();
            _ = Trained(Tensor.Full([2, 2], 1), Tensor.Full([2, 2], 1), isFused: true);
            return true;
        }
        catch (TorchException)
        {
            return false; // libtorch before 2.4
        }
    }

    private static TensorCheck[] Copies(Device device, RandomGenerator random)
    {
        using var scope = new TensorScope();
        Tensor values = Random(random, 1000);
        return [TensorComparison.Compare("pinned copy, there and back", values, values.Send(device).To(Device.Cpu), Tolerance.Exact)];
    }

    private static TensorCheck[] Generator(Device device)
    {
        using var scope = new TensorScope();
        Tensor Drawn()
        {
            using var random = new RandomGenerator(11, device);
            return Tensor.Randn([1000], random);
        }

        return [TensorComparison.Compare("random numbers of a seed", Drawn(), Drawn(), Tolerance.Exact)];
    }

    // Compares the CPU kernel with the formula on the device: the result, and the gradients of its weighted sum.
    private static TensorCheck[] Compare(
        string name, Device device, Tensor[] inputs, Func<Tensor[], Tensor> kernel, Func<Tensor[], Tensor> composed)
    {
        using var scope = new TensorScope();
        Tensor[] own = Array.ConvertAll(inputs, Differentiable), moved = Array.ConvertAll(inputs, i => Differentiable(i.To(device)));
        Tensor expected = kernel(own), actual = composed(moved);
        using var random = new RandomGenerator(3);
        Tensor weight = Random(random, expected.Shape.ToArray());
        Tensor?[] expectedGrads = Autograd.Gradients((expected * weight).Sum(), own);
        Tensor?[] grads = Autograd.Gradients((actual * weight.To(device)).Sum(), moved);
        return
        [
            TensorComparison.Compare(name, expected, actual, Rounding),
            .. grads.Select((grad, i) =>
                TensorComparison.CompareRounded($"{name}, gradient {i}", expectedGrads[i]!, grad!, Rounding.Relative)),
        ];
    }

    private static Tensor Differentiable(Tensor values)
    {
        Tensor copy = values.Clone();
        copy.RequiresGrad = true;
        return copy;
    }

    private static Tensor Random(RandomGenerator random, params long[] shape) => Tensor.Randn(shape, random);
}
