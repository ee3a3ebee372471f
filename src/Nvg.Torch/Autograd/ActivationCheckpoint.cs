using System.Runtime.InteropServices;
using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>
/// Trades compute for memory during training: a segment of a network keeps only its inputs and is recomputed when the backward pass reaches
/// it.
/// </summary>
public static unsafe class ActivationCheckpoint
{
    /// <summary>Runs a segment.</summary>
    /// <param name="segment">
    /// Maps the inputs to one output. Runs twice and must compute the same result both times, without randomness and without modifying its
    /// inputs. Parameters may be used directly; their gradients come from the second run.
    /// </param>
    /// <param name="inputs">
    /// The tensors that gradients are passed to. If a parameter requires gradients, at least one input must do so as well.
    /// </param>
    /// <returns>The segment's output; the caller disposes it.</returns>
    public static Tensor Run(Func<Tensor[], Tensor> segment, params Tensor[] inputs)
    {
        if (!Array.Exists(inputs, t => t.RequiresGrad))
            return segment(inputs);
        using Tensor output = WithoutGraph(segment, inputs);
        var again = new Segment(segment, inputs, Autograd.AutocastType(output.Device), output.Device);
        nint context = GCHandle.ToIntPtr(GCHandle.Alloc(again)), result;
        nint* handles = stackalloc nint[inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
            handles[i] = again.Inputs[i].Handle.DangerousGetHandle();
        // The native side releases the context in any case, even if this call fails.
        Native.Check(Native.nvgt_checkpoint(handles, inputs.Length, output.Handle, &Backward, &Release, context, &result),
            "activation checkpoint");
        GC.KeepAlive(again);
        return Tensor.Adopt(result);
    }

    private static Tensor WithoutGraph(Func<Tensor[], Tensor> segment, Tensor[] inputs)
    {
        using GradMode noGrad = Autograd.NoGrad();
        return segment(inputs);
    }

    [UnmanagedCallersOnly]
    private static int Backward(nint context, nint gradient, nint* gradients)
    {
        try
        {
            ((Segment)GCHandle.FromIntPtr(context).Target!).Backward(gradient, gradients);
            return 0;
        }
        catch (Exception)
        {
            // libtorch's message remains available as the thread's last error. Managed exceptions must not cross into native code.
            return 1;
        }
    }

    [UnmanagedCallersOnly]
    private static void Release(nint context)
    {
        GCHandle handle = GCHandle.FromIntPtr(context);
        ((Segment)handle.Target!).Dispose();
        handle.Free();
    }

    private sealed class Segment(Func<Tensor[], Tensor> compute, Tensor[] inputs, ScalarType autocast, Device device) : IDisposable
    {
        internal Tensor[] Inputs { get; } = Array.ConvertAll(inputs, t => t.Alias().Own());

        internal void Backward(nint gradient, nint* gradients)
        {
            using var scope = new TensorScope();
            using GradMode grad = Autograd.EnableGrad();
            Tensor[] leaves = Array.ConvertAll(Inputs, input =>
            {
                Tensor leaf = input.Detach();
                leaf.RequiresGrad = input.RequiresGrad;
                return leaf;
            });
            Tensor output;
            using (Autograd.Autocast(device, autocast))
                output = compute(leaves);
            nint root = output.Handle.DangerousGetHandle();
            Native.Check(Native.nvgt_backward(&root, 1, &gradient, 0), "backward of a checkpointed segment");
            for (int i = 0; i < leaves.Length; i++)
            {
                nint found;
                Native.Check(Native.nvgt_get_grad(leaves[i].Handle, &found), "backward of a checkpointed segment");
                gradients[i] = found;
            }
        }

        public void Dispose() => Array.ForEach(Inputs, t => t.Dispose());
    }
}
