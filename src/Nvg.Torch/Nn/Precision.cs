namespace Nvg.Torch.Nn;

/// <summary>Runs an operation in the element type of its weights.</summary>
internal static class Precision
{
    // With float32 weights libtorch's autocast decides what the product is computed in, also from inputs that earlier
    // products left in bfloat16. A model loaded in bfloat16 has its matrices in that type and its vectors in float32:
    // there the matrix decides.
    internal static Tensor In(Tensor weight, Tensor input, Tensor? bias, Func<Tensor, Tensor, Tensor?, Tensor> operation)
    {
        ScalarType type = weight.ScalarType;
        if (type == ScalarType.Float32)
            return operation(input, weight, bias);
        using Tensor cast = input.To(type);
        using Tensor? castBias = bias?.To(type);
        return operation(cast, weight, castBias);
    }
}
