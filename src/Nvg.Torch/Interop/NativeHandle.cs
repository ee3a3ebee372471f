global using GeneratorHandle = Nvg.Torch.Interop.NativeHandle<Nvg.Torch.Interop.GeneratorRelease>;
global using GraphHandle = Nvg.Torch.Interop.NativeHandle<Nvg.Torch.Interop.GraphRelease>;
global using GroupHandle = Nvg.Torch.Interop.NativeHandle<Nvg.Torch.Interop.GroupRelease>;
global using StoreHandle = Nvg.Torch.Interop.NativeHandle<Nvg.Torch.Interop.StoreRelease>;
global using TensorHandle = Nvg.Torch.Interop.NativeHandle<Nvg.Torch.Interop.TensorRelease>;
global using WorkHandle = Nvg.Torch.Interop.NativeHandle<Nvg.Torch.Interop.WorkRelease>;

using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop;

/// <summary>One native reference. Disposing drops it; for a tensor, autograd and other handles keep their own.</summary>
/// <typeparam name="TRelease">Defines how the native library releases the reference.</typeparam>
internal sealed class NativeHandle<TRelease> : SafeHandle
    where TRelease : INativeRelease
{
    public NativeHandle() : base(0, ownsHandle: true) { }

    internal NativeHandle(nint handle) : this() => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => TRelease.Release(handle) == 0;
}
