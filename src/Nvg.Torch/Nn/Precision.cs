namespace Nvg.Torch.Nn;

/// <summary>Runs an operation in the element type of its weights.</summary>
internal static class Precision
{
    // With float32 weights, libtorch's autocast determines the type of the product, even for bfloat16 inputs from earlier products. A model
    // loaded in bfloat16 has matrices of that type and vectors in float32; there, the matrix determines the type.
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
