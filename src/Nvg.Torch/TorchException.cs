namespace Nvg.Torch;

/// <summary>
/// The exception that is thrown if a libtorch operation fails. The message names the operator, the shapes, dtypes and devices, and
/// libtorch's reason.
/// </summary>
public class TorchException : Exception
{
    /// <inheritdoc/>
    public TorchException(string message) : base(message) { }

    /// <inheritdoc/>
    public TorchException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public TorchException() { }

    /// <summary>The operator that failed, for example <c>aten::add.Tensor</c>; null if none was called.</summary>
    public string? Operator { get; private set; }

    /// <summary>The shapes of the tensor arguments, in order; empty if no operator was called.</summary>
    public IReadOnlyList<IReadOnlyList<long>> Shapes { get; private set; } = [];

    /// <summary>Adds the details of a failed call.</summary>
    internal TorchException Of(string name, IReadOnlyList<IReadOnlyList<long>> shapes)
    {
        (Operator, Shapes) = (name, shapes);
        return this;
    }
}
