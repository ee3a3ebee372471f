namespace Nvg.Torch.Optim;

/// <summary>
/// Operations on whole lists of tensors at once: one call for all parameters, and few launches on a GPU. libtorch selects a kernel by the
/// tensors' device and therefore rejects empty lists; here, they are no-ops.
/// </summary>
internal static class ForeachOps
{
    private static readonly Operator MulScalarOp = new("aten::_foreach_mul_", "Scalar");
    private static readonly Operator AddListOp = new("aten::_foreach_add_", "List");
    private static readonly Operator AddScalarOp = new("aten::_foreach_add_", "Scalar");
    private static readonly Operator DivScalarOp = new("aten::_foreach_div_", "Scalar");
    private static readonly Operator AddcmulOp = new("aten::_foreach_addcmul_", "Scalar");
    private static readonly Operator AddcdivOp = new("aten::_foreach_addcdiv_", "Scalar");
    private static readonly Operator SqrtOp = new("aten::_foreach_sqrt");
    private static readonly Operator NormOp = new("aten::_foreach_norm", "Scalar");

    internal static void Multiply(Tensor[] tensors, double factor) => Run(MulScalarOp, tensors, factor);

    internal static void Add(Tensor[] tensors, Tensor[] others, double factor) => Run(AddListOp, tensors, others, factor);

    internal static void Add(Tensor[] tensors, double value) => Run(AddScalarOp, tensors, value);

    internal static void Divide(Tensor[] tensors, double divisor) => Run(DivScalarOp, tensors, divisor);

    internal static void AddProduct(Tensor[] tensors, Tensor[] left, Tensor[] right, double factor) =>
        Run(AddcmulOp, tensors, left, right, factor);

    internal static void AddQuotient(Tensor[] tensors, Tensor[] numerators, Tensor[] denominators, double factor) =>
        Run(AddcdivOp, tensors, numerators, denominators, factor);

    internal static Tensor[] Sqrt(Tensor[] tensors) =>
        tensors.Length == 0 ? [] : (Tensor[])SqrtOp.CallMany(tensors.Length, (Argument)tensors)!;

    internal static Tensor[] Norms(Tensor[] tensors) => tensors.Length == 0 ? [] : (Tensor[])NormOp.CallMany(tensors.Length, tensors, 2L)!;

    private static void Run(Operator op, Tensor[] tensors, params ReadOnlySpan<Argument> others)
    {
        if (tensors.Length > 0)
            op.Run([tensors, .. others]);
    }
}
