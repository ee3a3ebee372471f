using Nvg.Conditioning;
using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>
/// Classifier-free guidance (docs/method.md, section 7). Conditional and unconditional passes run as one batch of twice the size, the
/// conditional half first; their results are combined to u + g · (c − u). With g = 1 no unconditional pass runs.
/// </summary>
/// <remarks>Shapes: B images; N = 2 B sequences with guidance, N = B without.</remarks>
/// <param name="Scale">Guidance scale (g).</param>
internal readonly record struct Guidance(double Scale)
{
    /// <summary>Whether unconditional passes run.</summary>
    internal bool IsOn => Scale != 1;

    /// <summary>B × … → N × …: an input of both passes.</summary>
    internal Tensor Batch(Tensor input_B) => IsOn ? Tensor.Cat([input_B, input_B], 0) : input_B.Alias();

    /// <summary>The classes of both passes; the tensors belong to the innermost scope.</summary>
    internal ClassConditioning Batch(ClassConditioning classes, int nullClass) =>
        IsOn ? classes.WithNullClass(nullClass) : classes with { Class_B = classes.Class_B.Alias() };

    /// <summary>N × … → B × …: the guided result of both passes; the tensors belong to the innermost scope.</summary>
    /// <param name="output_N">Predictions of both passes.</param>
    /// <param name="resultOf">Computes the quantity to guide from the prediction of one pass.</param>
    internal Tensor Combine(Tensor output_N, Func<Tensor, Tensor> resultOf)
    {
        long count = IsOn ? output_N.Size(0) / 2 : output_N.Size(0);
        Tensor conditional_B = resultOf(output_N.Narrow(0, 0, count));
        return IsOn ? Combine(conditional_B, resultOf(output_N.Narrow(0, count, count))) : conditional_B;
    }

    /// <summary>u + g · (c − u).</summary>
    internal Tensor Combine(Tensor conditional, Tensor unconditional)
    {
        using Tensor difference = conditional - unconditional;
        using Tensor scaled = difference * Scale;
        return unconditional + scaled;
    }
}
