using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop;

/// <summary>One native reference to a tensor. Disposing drops it; autograd and other handles keep their own.</summary>
internal sealed class TensorHandle : SafeHandle
{
    public TensorHandle() : base(0, ownsHandle: true) { }

    internal TensorHandle(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => Native.nvgt_tensor_release(handle) == 0;
}

/// <summary>A native random generator.</summary>
internal sealed class GeneratorHandle : SafeHandle
{
    public GeneratorHandle() : base(0, ownsHandle: true) { }

    internal GeneratorHandle(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => Native.nvgt_generator_release(handle) == 0;
}
