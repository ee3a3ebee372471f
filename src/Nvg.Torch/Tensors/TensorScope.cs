namespace Nvg.Torch;

/// <summary>
/// Frees the tensors that this thread creates between construction and disposal of the scope, except those that are kept. It is a ref
/// struct, so the compiler rejects fields, lambdas and lifetimes across <c>await</c>.
/// </summary>
public ref struct TensorScope
{
    [ThreadStatic]
    private static Frame? _innermost;

    private Frame? _frame;

    /// <summary>Opens a scope inside the thread's current scope.</summary>
    public TensorScope()
    {
        _frame = new Frame(_innermost);
        _innermost = _frame;
    }

    /// <summary>Passes a tensor to the enclosing scope, or to the caller if there is none.</summary>
    /// <returns>The same tensor.</returns>
    public readonly Tensor Keep(Tensor tensor)
    {
        if (tensor.Owner == _frame)
            MoveTo(tensor, _frame?.Parent);
        return tensor;
    }

    /// <summary>Frees the tensors that were created and not kept.</summary>
    public void Dispose()
    {
        if (_frame is null)
            return;
        if (_innermost != _frame)
            throw new InvalidOperationException("tensor scopes must be disposed innermost first, on the thread that opened them");
        _innermost = _frame.Parent;
        _frame.Free();
        _frame = null;
    }

    /// <summary>Adds a new tensor to the thread's innermost scope.</summary>
    internal static void Enter(Tensor tensor) => MoveTo(tensor, _innermost);

    /// <summary>Takes a tensor out of every scope: it now belongs to an object that disposes it.</summary>
    internal static void Leave(Tensor tensor) => tensor.Owner = null;

    private static void MoveTo(Tensor tensor, Frame? frame)
    {
        tensor.Owner = frame;
        frame?.Created.Add(tensor);
    }

    /// <summary>One open scope. A tensor moved elsewhere stays in the list but has a different owner.</summary>
    internal sealed class Frame(Frame? parent)
    {
        internal Frame? Parent { get; } = parent;

        internal List<Tensor> Created { get; } = [];

        internal void Free()
        {
            foreach (Tensor tensor in Created)
            {
                if (tensor.Owner == this)
                    tensor.Dispose();
            }
        }
    }
}
