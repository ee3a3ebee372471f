namespace Nvg.Torch.Tests;

/// <summary>Counting of operators: those of a backward pass included, and those that wait for a device.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
[Trait(TorchDoors.Trait, TorchDoors.Compiled)]
public class OperatorTraceTests
{
    [Fact]
    public void Totals_ForwardAndBackward_CountEveryCall()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.From([1f, -2, 3], 3);
        x.RequiresGrad = true;
        OperatorTrace trace;
        using (trace = new OperatorTrace())
        {
            Functional.Relu(Functional.Relu(x)).Sum().Backward();
        }

        _ = Functional.Relu(x); // after the trace: not counted
        Dictionary<string, OperatorTotal> totals = trace.Totals.ToDictionary(total => total.Name);
        Assert.Equal(2, totals["aten::relu"].Calls);
        Assert.Equal(2, totals["aten::threshold_backward"].Calls);
        Assert.All(totals.Values, total => Assert.True(total.Seconds >= 0));
        Assert.Empty(trace.Synchronizations);
    }

    [Fact]
    public void Synchronizations_ReadingANumber_IsNamed()
    {
        using Tensor x = Tensor.Full([1], 3);
        using var trace = new OperatorTrace();
        Assert.Equal(3, x.Item());
        Assert.Equal(("aten::_local_scalar_dense", 1), trace.Synchronizations.Select(total => (total.Name, total.Calls)).Single());
    }

    [Fact]
    public void Trace_WithinAnother_IsRefused()
    {
        using var outer = new OperatorTrace();
        Assert.Throws<TorchException>(() => new OperatorTrace());
    }
}
