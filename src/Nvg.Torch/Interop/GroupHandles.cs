using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop;

/// <summary>A native connection to a store that processes meet at.</summary>
internal sealed class StoreHandle : SafeHandle
{
    public StoreHandle() : base(0, ownsHandle: true) { }

    internal StoreHandle(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => Native.nvgt_store_release(handle) == 0;
}

/// <summary>A native group of processes.</summary>
internal sealed class GroupHandle : SafeHandle
{
    public GroupHandle() : base(0, ownsHandle: true) { }

    internal GroupHandle(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => Native.nvgt_group_release(handle) == 0;
}

/// <summary>A native collective operation under way.</summary>
internal sealed class WorkHandle : SafeHandle
{
    public WorkHandle() : base(0, ownsHandle: true) { }

    internal WorkHandle(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => Native.nvgt_work_release(handle) == 0;
}
