using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;
using Nvg.Torch.Optim;

namespace Nvg.Torch.Tests.Optim;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
[Trait(TorchDoors.Trait, TorchDoors.Compiled)]
public sealed class AdamWTests : IDisposable
{
    private const double Beta1 = 0.9, Beta2 = 0.95, Epsilon = 1e-8, Decay = 0.1;

    private readonly string _folder = Directory.CreateTempSubdirectory("nvg-test-").FullName;

    [Fact]
    public void Step_SeveralSteps_FollowTheRecurrence()
    {
        using ParameterStore store = Parameters();
        using var optimizer = new AdamW(store) { Beta1 = Beta1, Beta2 = Beta2, WeightDecay = Decay };
        var expected = store.ToDictionary(p => p.Key, p => p.Value.ToArray<float>().Select(v => (W: (double)v, M: 0.0, V: 0.0)).ToArray());
        for (int step = 1; step <= 6; step++)
        {
            double rate = 0.05 / step;
            SetGradients(store, step);
            optimizer.Step(rate);
            foreach ((string name, (double W, double M, double V)[] state) in expected)
            {
                for (int i = 0; i < state.Length; i++)
                {
                    double g = Gradient(name, i, step);
                    (double w, double m, double v) = state[i];
                    m = Beta1 * m + (1 - Beta1) * g;
                    v = Beta2 * v + (1 - Beta2) * g * g;
                    w *= name == "matrix" ? 1 - rate * Decay : 1;
                    w -= rate * (m / (1 - Math.Pow(Beta1, step))) / (Math.Sqrt(v / (1 - Math.Pow(Beta2, step))) + Epsilon);
                    state[i] = (w, m, v);
                }

                Assert.Equal(state.Select(s => s.W), store[name].ToArray<float>().Select(w => (double)w), (a, b) => Math.Abs(a - b) < 2e-6);
            }

            Assert.Equal(step, optimizer.StepCount);
            Assert.All(store.Values, p => Assert.Null(p.Grad));
        }
    }

    [Fact]
    public void Step_VectorsAloneWithDecay_MovesThemWithoutDecay()
    {
        using var store = new ParameterStore();
        store.Add("bias", Tensor.From([1f, 2], 2));
        using var optimizer = new AdamW(store) { WeightDecay = 0.5 };
        using (Tensor gradient = Tensor.From([1f, -1], 2))
            store["bias"].Grad = gradient;
        optimizer.Step(0.1);
        Assert.Equal([0.9f, 2.1f], store["bias"].ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void Step_ParameterWithoutGradient_StaysAsItIs()
    {
        using ParameterStore store = Parameters();
        using var optimizer = new AdamW(store) { WeightDecay = Decay };
        float[] before = store["matrix"].ToArray<float>();
        using (Tensor gradient = Tensor.From([1f, 1], 2))
            store["vector"].Grad = gradient;
        optimizer.Step(0.1);
        Assert.Equal(before, store["matrix"].ToArray<float>());
        optimizer.Step(0.1);
        Assert.Equal(before, store["matrix"].ToArray<float>());
    }

    [Fact]
    public void ClipGradients_AboveTheLimit_ScalesAllByOneFactor()
    {
        using ParameterStore store = Parameters();
        using var optimizer = new AdamW(store);
        SetGradients(store, 1);
        double norm = Math.Sqrt(Enumerable.Range(0, 6).Sum(i => Math.Pow(Gradient("matrix", i, 1), 2))
            + Enumerable.Range(0, 2).Sum(i => Math.Pow(Gradient("vector", i, 1), 2)));
        using (Tensor measured = optimizer.ClipGradients(norm / 4)!)
            Assert.Equal(norm, measured.Item(), 1e-5);
        using Tensor matrix = store["matrix"].Grad!, vector = store["vector"].Grad!;
        Assert.Equal(Enumerable.Range(0, 6).Select(i => Gradient("matrix", i, 1) / 4), matrix.ToArray<float>().Select(g => (double)g),
            (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal(Gradient("vector", 1, 1) / 4, vector.ToArray<float>()[1], 1e-5);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    public void ClipGradients_NothingToClip_LeavesEveryBit(double maximum)
    {
        using ParameterStore store = Parameters();
        using var optimizer = new AdamW(store);
        SetGradients(store, 1);
        optimizer.ClipGradients(maximum)!.Dispose();
        using Tensor matrix = store["matrix"].Grad!;
        Assert.Equal(Enumerable.Range(0, 6).Select(i => (float)Gradient("matrix", i, 1)), matrix.ToArray<float>());
    }

    [Fact]
    public void Restore_StoredState_ContinuesBitForBit()
    {
        float[] uninterrupted = Run(6, null), continued;
        string weights = Path.Combine(_folder, "weights"), moments = Path.Combine(_folder, "moments");
        using (ParameterStore store = Parameters())
        using (var optimizer = new AdamW(store) { WeightDecay = Decay })
        {
            Advance(store, optimizer, 1, 3);
            SafetensorsFile.Write(weights, store);
            SafetensorsFile.Write(moments, optimizer.State);
        }

        using (ParameterStore store = Parameters())
        using (var optimizer = new AdamW(store) { WeightDecay = Decay })
        using (SafetensorsFile storedWeights = SafetensorsFile.Open(weights))
        using (SafetensorsFile storedMoments = SafetensorsFile.Open(moments))
        {
            store.CopyFrom(storedWeights);
            optimizer.Restore(storedMoments, 3);
            Advance(store, optimizer, 4, 6);
            continued = store["matrix"].ToArray<float>();
        }

        Assert.Equal(uninterrupted, continued);
    }

    [Fact]
    public void WeightAverage_Update_FollowsItsLaw()
    {
        using ParameterStore store = Parameters();
        store.Add("table", Tensor.From([7f], 1), isBuffer: true);
        using var average = new WeightAverage(store, 0.5);
        double expected = store["vector"].ToArray<float>()[0];
        for (int step = 1; step <= 12; step++)
        {
            store["vector"].FillInPlace(step);
            store["table"].FillInPlace(step);
            average.Update(step);
            double decay = Math.Min(0.5, (1.0 + step) / (10 + step));
            expected = decay * expected + (1 - decay) * step;
            Assert.Equal(expected, average.Parameters["vector"].ToArray<float>()[0], 1e-5);
        }

        Assert.Equal(7, average.Parameters["table"].Item());
        Assert.False(average.Parameters["vector"].RequiresGrad);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static float[] Run(int steps, Action<ParameterStore>? look)
    {
        using ParameterStore store = Parameters();
        using var optimizer = new AdamW(store) { WeightDecay = Decay };
        Advance(store, optimizer, 1, steps);
        look?.Invoke(store);
        return store["matrix"].ToArray<float>();
    }

    private static void Advance(ParameterStore store, AdamW optimizer, int first, int last)
    {
        for (int step = first; step <= last; step++)
        {
            SetGradients(store, step);
            optimizer.Step(0.05);
        }
    }

    private static ParameterStore Parameters()
    {
        var store = new ParameterStore();
        store.Add("matrix", Tensor.From([1f, -2, 3, 0.5f, 0, 10], 2, 3));
        store.Add("vector", Tensor.From([1f, -1], 2));
        return store;
    }

    private static double Gradient(string name, int element, int step) =>
        (float)(Math.Sin(element * 1.7 + step + name.Length) * (element + 0.3));

    private static void SetGradients(ParameterStore store, int step)
    {
        foreach ((string name, Tensor parameter) in store)
        {
            float[] values = [.. Enumerable.Range(0, (int)parameter.ElementCount).Select(i => (float)Gradient(name, i, step))];
            using Tensor gradient = Tensor.From(values, parameter.Shape);
            parameter.Grad = gradient;
        }
    }

    [Fact]
    public void ClipGradients_NothingHasOne_IsNoNorm()
    {
        using var parameters = new ParameterStore();
        parameters.Add("weight", Tensor.Full([3], 0.5));
        using var optimizer = new AdamW(parameters);
        Assert.Null(optimizer.ClipGradients(1));
    }
}
