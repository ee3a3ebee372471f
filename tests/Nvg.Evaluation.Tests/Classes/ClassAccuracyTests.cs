using Nvg.Evaluation.Classes;
using Nvg.Torch;

namespace Nvg.Evaluation.Tests.Classes;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class ClassAccuracyTests
{
    [Fact]
    public void Add_HandMadeLogits_CountsAndAveragesThem()
    {
        var accuracy = new ClassAccuracy(3);
        float ln3 = MathF.Log(3);
        using (Tensor logits = Tensor.From([ln3, 0, 0, /**/ 0, 0, ln3, /**/ 0, ln3, 0], 3, 3))
            accuracy.Add(logits, [0, 1, 1]);
        using (Tensor logits = Tensor.From([0, 0, ln3], 1, 3))
            accuracy.Add(logits, [1]);
        Assert.Equal(4, accuracy.Count);
        Assert.Equal(0.5, accuracy.Accuracy);
        Assert.Equal((0.6 + 0.2 + 0.6 + 0.2) / 4, accuracy.MeanConfidence, 1e-6);
        Assert.Equal((1, 2, 1, 0), (accuracy.Confused(0, 0), accuracy.Confused(1, 2), accuracy.Confused(1, 1), accuracy.Confused(2, 2)));
        Assert.Equal((3, 1 / 3.0), (accuracy.CountOf(1), accuracy.AccuracyOf(1)));
        Assert.Equal((0, true), (accuracy.CountOf(2), double.IsNaN(accuracy.AccuracyOf(2))));
    }

    [Fact]
    public void Add_WhatDoesNotBelongTogether_IsRefused()
    {
        var accuracy = new ClassAccuracy(3);
        using Tensor logits = Tensor.Zeros([2, 3]);
        Assert.Throws<ArgumentException>(() => accuracy.Add(logits, [0]));
        Assert.Throws<ArgumentException>(() => accuracy.Add(logits, [0, 3]));
        Assert.Throws<ArgumentException>(() => new ClassAccuracy(4).Add(logits, [0, 1]));
    }
}
