namespace Nvg.Torch.Tests.Nn;

/// <summary>Convolutions in bfloat16 and their gradients, with and without own kernels, against libtorch's in float64.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class Conv2dTests
{
    // Half a unit in the last place of a bfloat16, and what its output and gradients gather.
    private const double Rounded = 4e-3;

    // Of a product in bfloat16 whose sums are kept in float32.
    private const double Exact = 3e-6;

    // Of the gradients of libtorch's own convolutions: without oneDNN, the sums over the images are rounded as well.
    private static double OfLibtorch => TorchRuntime.UsesOneDnn ? Rounded : 1e-2;

    // Images, channels in and out, height, width, kernel. Strips of whole images, of parts of images, of images that
    // a strip breaks; fewer rows or columns than a kernel reaches.
    public static TheoryData<int, int, int, int, int, int> TiledShapes => new()
    {
        { 40, 32, 32, 8, 8, 3 },
        { 3, 64, 96, 37, 29, 3 },
        { 2, 32, 64, 70, 33, 5 },
        { 1, 32, 32, 48, 48, 3 },
        { 700, 32, 32, 1, 3, 3 },
        { 600, 32, 32, 2, 2, 7 },
        { 2, 32, 32, 6, 180, 3 },
        { 4, 32, 32, 600, 1, 9 },
    };

    // Channels that do not fill tiles, few pixels, no border.
    public static TheoryData<int, int, int, int, int, int> OtherShapes => new()
    {
        { 40, 3, 32, 8, 8, 3 },
        { 40, 32, 16, 8, 8, 3 },
        { 1, 32, 32, 4, 4, 3 },
        { 40, 32, 32, 8, 8, 1 },
    };

    // The convolutions of ResNet-18 and of tokenizers: images, channels in and out, side, kernel, stride.
    [Theory]
    [InlineData(2, 3, 64, 229, 7, 2)]
    [InlineData(2, 64, 64, 56, 3, 1)]
    [InlineData(2, 64, 128, 57, 3, 2)]
    [InlineData(2, 64, 128, 56, 1, 2)]
    [InlineData(2, 128, 128, 28, 3, 1)]
    [InlineData(2, 256, 256, 14, 3, 1)]
    [InlineData(2, 256, 512, 15, 3, 2)]
    [InlineData(2, 256, 512, 14, 1, 2)]
    [InlineData(2, 128, 256, 29, 3, 2)]
    [InlineData(2, 128, 256, 28, 1, 2)]
    [InlineData(1, 256, 512, 14, 1, 2)]
    [InlineData(2, 256, 512, 14, 1, 1)]
    [InlineData(2, 512, 512, 7, 1, 1)]
    [InlineData(2, 256, 512, 7, 1, 2)]
    [InlineData(2, 32, 64, 14, 1, 2)]
    [InlineData(1, 128, 64, 16, 1, 1)]
    [InlineData(2, 512, 512, 7, 3, 1)]
    [InlineData(1, 512, 512, 7, 3, 1)]
    [InlineData(2, 128, 128, 7, 3, 1)]
    [InlineData(2, 128, 128, 8, 3, 1)]
    [InlineData(2, 256, 256, 8, 3, 1)]
    [InlineData(2, 256, 256, 4, 3, 1)]
    [InlineData(2, 512, 512, 4, 3, 1)]
    [InlineData(2, 512, 512, 16, 3, 1)]
    [InlineData(1, 64, 64, 8, 3, 1)]
    [InlineData(16, 128, 128, 8, 3, 1)]
    [InlineData(2, 3, 16, 64, 3, 1)]
    [InlineData(1, 16, 16, 64, 3, 1)]
    [InlineData(16, 32, 32, 32, 3, 1)]
    [InlineData(1, 128, 8, 8, 3, 1)]
    [InlineData(1, 16, 3, 64, 3, 1)]
    public void Forward_Float32_IsThatOfFloat64(int count, int inputs, int outputs, int side, int kernel, int stride)
    {
        int padding = stride == 1 ? kernel / 2 : 0;
        using var scope = new TensorScope();
        using var random = new RandomGenerator(3);
        Tensor x = Tensor.Randn([count, inputs, side, side], random), weight = Tensor.Randn([outputs, inputs, kernel, kernel], random);
        Tensor expected = Functional.Conv2d(x.To(ScalarType.Float64), weight.To(ScalarType.Float64), null, stride, padding);
        double norm = expected.Square().Sum().Item();
        foreach ((Tensor input, Tensor w) in ((Tensor, Tensor)[])[(x, weight), (x.ChannelsLast(), weight.ChannelsLast())])
        {
            Tensor actual = Functional.Conv2d(input, w, null, stride, padding).To(ScalarType.Float64);
            Assert.InRange(Math.Sqrt((actual - expected).Square().Sum().Item() / norm), 0, 1e-5);
        }
    }

    [Theory, MemberData(nameof(TiledShapes))]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Forward_BFloat16_HasTheGradientsOfFloat64(int count, int inputs, int outputs, int height, int width, int kernel) =>
        Compare(count, inputs, outputs, height, width, kernel, parameterTolerance: OverTiles ? Exact : Rounded);

    [Theory, MemberData(nameof(OtherShapes))]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Forward_ShapesThatDoNotFillTiles_HasTheGradientsOfFloat64(int count, int inputs, int outputs, int height, int width,
        int kernel) =>
        Compare(count, inputs, outputs, height, width, kernel, parameterTolerance: OfLibtorch, inputTolerance: OfLibtorch);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(9)]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Forward_AnyNumberOfThreads_HasTheGradientsOfFloat64(int threads)
    {
        int before = TorchRuntime.ThreadCount;
        TorchRuntime.ThreadCount = threads;
        try
        {
            Compare(count: 30, inputs: 32, outputs: 64, height: 9, width: 12, kernel: 3, OverTiles ? Exact : Rounded);
        }
        finally
        {
            TorchRuntime.ThreadCount = before;
        }
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Forward_OneWeightTwiceInOtherLayouts_HasTheSumOfItsGradients()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(4);
        Tensor x = Tensor.Randn([32, 32, 8, 8], random).To(ScalarType.BFloat16),
            weight = (Tensor.Randn([32, 32, 3, 3], random) * 0.06).To(ScalarType.BFloat16).ChannelsLast();

        Tensor found = Twice(x, weight), expected = Twice(x.To(ScalarType.Float64), weight.To(ScalarType.Float64));

        AssertClose(expected, found, 3 * Rounded, "gradient");

        static Tensor Twice(Tensor x, Tensor weight)
        {
            weight.RequiresGrad = true;
            Tensor once = Functional.Conv2d(x, weight, null, padding: 1);
            return Autograd.Gradients(Functional.Conv2d(once, weight, null, padding: 1).Sum(), [weight])[0]!;
        }
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Forward_OneOfInputAndWeightIsFixed_TheOtherHasItsGradient(bool inputLearns, bool weightLearns)
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(3);
        Tensor x = Tensor.Randn([32, 32, 8, 8], random).To(ScalarType.BFloat16).ChannelsLast(),
            weight = Tensor.Randn([32, 32, 3, 3], random).To(ScalarType.BFloat16);
        (x.RequiresGrad, weight.RequiresGrad) = (inputLearns, weightLearns);
        Tensor learns = inputLearns ? x : weight;

        Tensor found = Autograd.Gradients(Functional.Conv2d(x, weight, null, padding: 1).Square().Sum(), [learns])[0]!;

        (Tensor wide, Tensor wideWeight) = (x.Detach().To(ScalarType.Float64), weight.Detach().To(ScalarType.Float64));
        (wide.RequiresGrad, wideWeight.RequiresGrad) = (inputLearns, weightLearns);
        Tensor expected = Autograd.Gradients(Functional.Conv2d(wide, wideWeight, null, padding: 1).Square().Sum(),
            [inputLearns ? wide : wideWeight])[0]!;
        AssertClose(expected, found, Rounded, "gradient");
    }

    [MatrixEngineFact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Forward_OverTiles_SecondDerivativesAreRefused()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.Full([32, 32, 8, 8], 1, ScalarType.BFloat16).ChannelsLast(),
            weight = Tensor.Full([32, 32, 3, 3], 1, ScalarType.BFloat16);
        x.RequiresGrad = true;
        Tensor loss = Functional.Conv2d(x, weight, null, padding: 1).Square().Sum();

        TorchException error = Assert.ThrowsAny<TorchException>(() => Autograd.Gradients(loss, [x], createGraph: true));

        Assert.Contains("second derivatives", error.Message);
    }

    private static bool OverTiles => TorchRuntime.HasKernels && new Operator("nvg::has_matrix_engine").CallNumber() != 0;

    // Under autocast from float32, as a training step calls it. Operands are bfloat16 numbers, so that casting loses nothing.
    private static void Compare(int count, int inputs, int outputs, int height, int width, int kernel, double parameterTolerance,
        double inputTolerance = Rounded)
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(1);
        Tensor Numbers(params long[] sizes) => Tensor.Randn(sizes, random).To(ScalarType.BFloat16).To(ScalarType.Float32);
        Tensor x = Numbers(count, inputs, height, width).ChannelsLast(), weight = Numbers(outputs, inputs, kernel, kernel) * 0.125,
            bias = Numbers(outputs);
        Tensor upstream = Numbers(count, outputs, height, width);

        (Tensor Value, Tensor[] Gradients) found = WithGradients(ScalarType.Float32, (input, w, b) =>
        {
            using Autocast autocast = Autograd.Autocast(Device.Cpu, ScalarType.BFloat16);
            return Functional.Conv2d(input, w, b, padding: kernel / 2);
        });
        (Tensor Value, Tensor[] Gradients) expected =
            WithGradients(ScalarType.Float64, (input, w, b) => Functional.Conv2d(input, w, b, padding: kernel / 2));

        Assert.Equal(ScalarType.BFloat16, found.Value.ScalarType);
        AssertClose(expected.Value, found.Value, Rounded, "value");
        AssertClose(expected.Gradients[0], found.Gradients[0], inputTolerance, "gradient of the input");
        AssertClose(expected.Gradients[1], found.Gradients[1], parameterTolerance, "gradient of the weight");
        AssertClose(expected.Gradients[2], found.Gradients[2], parameterTolerance, "gradient of the bias");

        (Tensor, Tensor[]) WithGradients(ScalarType type, Func<Tensor, Tensor, Tensor, Tensor> convolve)
        {
            Tensor[] leaves = [.. new[] { x, weight, bias }.Select(tensor => tensor.To(type).Clone())];
            foreach (Tensor leaf in leaves)
                leaf.RequiresGrad = true;
            Tensor result = convolve(leaves[0], leaves[1], leaves[2]);
            return (result, [.. Autograd.Gradients((result.To(type) * upstream.To(type)).Sum(), leaves).Select(gradient => gradient!)]);
        }
    }

    private static void AssertClose(Tensor wanted, Tensor got, double tolerance, string what)
    {
        using GradMode noGrad = Autograd.NoGrad();
        Tensor difference = got.To(ScalarType.Float64) - wanted;
        double error = Math.Sqrt(difference.Square().Mean().Item() / Math.Max(wanted.Square().Mean().Item(), 1e-12));
        Assert.True(error <= tolerance, $"{what}: relative error {error}");
    }

    private sealed class MatrixEngineFactAttribute : FactAttribute
    {
        public MatrixEngineFactAttribute()
        {
            if (!OverTiles)
                Skip = "this processor has no matrix engine (AMX, or AVX-512 with bfloat16)";
        }
    }
}
