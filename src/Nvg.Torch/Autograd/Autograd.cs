using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>Automatic differentiation and the autograd modes of the calling thread.</summary>
public static unsafe class Autograd
{
    /// <summary>Adds the gradient of a one-element tensor to <see cref="Tensor.Grad"/> of every leaf.</summary>
    public static void Backward(this Tensor loss)
    {
        bool added = false;
        loss.Handle.DangerousAddRef(ref added);
        try
        {
            nint root = loss.Handle.DangerousGetHandle();
            nint noGrad = 0;
            Native.Check(Native.nvgt_backward(&root, 1, &noGrad, 0), "backward");
        }
        finally
        {
            loss.Handle.DangerousRelease();
        }
    }

    /// <summary>
    /// Computes the gradients of a one-element tensor with respect to inputs, without modifying <see cref="Tensor.Grad"/>.
    /// </summary>
    /// <param name="loss">A tensor with one element.</param>
    /// <param name="inputs">The tensors to differentiate with respect to.</param>
    /// <param name="retainGraph">Whether the graph may be differentiated again.</param>
    /// <param name="createGraph">Whether the gradients can themselves be differentiated.</param>
    /// <returns>One new tensor per input; null if the loss does not depend on the input.</returns>
    public static Tensor?[] Gradients(Tensor loss, Tensor[] inputs, bool retainGraph = false, bool createGraph = false)
    {
        nint[] handles = new nint[inputs.Length];
        nint[] grads = new nint[inputs.Length];
        int pinned = -1;
        bool added = false;
        try
        {
            // Handles are pinned one by one, the loss first, because another thread may dispose any of them during the pass.
            loss.Handle.DangerousAddRef(ref added);
            pinned = 0;
            for (; pinned < inputs.Length; pinned++)
            {
                inputs[pinned].Handle.DangerousAddRef(ref added);
                handles[pinned] = inputs[pinned].Handle.DangerousGetHandle();
            }

            nint root = loss.Handle.DangerousGetHandle();
            nint noGrad = 0;
            fixed (nint* inputHandles = handles)
            fixed (nint* results = grads)
            {
                Native.Check(
                    Native.nvgt_grad(
                        &root, 1, inputHandles, inputs.Length, &noGrad, retainGraph ? (byte)1 : (byte)0, createGraph ? (byte)1
                            : (byte)0, results),
                    "gradients");
            }
        }
        finally
        {
            if (pinned >= 0)
                loss.Handle.DangerousRelease();
            for (int i = 0; i < pinned; i++)
                inputs[i].Handle.DangerousRelease();
        }

        return Array.ConvertAll(grads, g => g == 0 ? null : Tensor.Adopt(g));
    }

    /// <summary>Disables autograd recording on this thread until disposed.</summary>
    public static GradMode NoGrad() => new(false);

    /// <summary>Re-enables autograd recording on this thread until disposed.</summary>
    public static GradMode EnableGrad() => new(true);

    /// <summary>
    /// Enables inference mode on this thread until disposed: tensors created in it can never take part in autograd. Faster than
    /// <see cref="NoGrad"/>.
    /// </summary>
    public static InferenceMode Inference() => new();

    /// <summary>
    /// Enables autocast on this thread until disposed: matrix products and convolutions on a device run in lower precision.
    /// </summary>
    /// <param name="device">The device; only its kind matters.</param>
    /// <param name="type">The lower precision; <see cref="ScalarType.Float32"/> disables autocast.</param>
    public static Autocast Autocast(Device device, ScalarType type) => new(device, type);

    /// <summary>
    /// The lower precision that autocast currently uses on this thread for a device; <see cref="ScalarType.Float32"/> if autocast is off.
    /// </summary>
    public static ScalarType AutocastType(Device device)
    {
        (bool enabled, int type) = Door.Current.GetAutocast(device.Type);
        return enabled ? (ScalarType)type : ScalarType.Float32;
    }
}
