using System.Runtime.InteropServices;
using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>
/// Trades time for memory in training: a segment of a network keeps only its inputs, and is computed a second time when the
/// backward pass reaches it.
/// </summary>
public static unsafe class ActivationCheckpoint
{
    /// <summary>Runs a segment.</summary>
    /// <param name="segment">
    /// From its inputs to one output. Runs twice and must compute the same both times: without randomness, and without changing
    /// its inputs. Parameters may be used as they are; their gradients come from the second time.
    /// </param>
    /// <param name="inputs">What gradients pass on to; at least one of them must take part in autograd where a parameter does.</param>
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
        // The native side lets the context go in any case, also where this fails.
        Native.Check(Native.nvgt_checkpoint(handles, inputs.Length, output.Handle, &Backward, &Release, context, &result), "activation checkpoint");
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
            // What libtorch had to say is still its thread's last error; nothing managed may cross to native code.
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
