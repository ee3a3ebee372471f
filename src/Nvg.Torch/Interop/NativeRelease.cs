namespace Nvg.Torch.Interop;

/// <summary>The export that drops one kind of reference.</summary>
internal interface INativeRelease
{
    /// <summary>Drops a reference.</summary>
    /// <returns>The status of the native library; 0 on success.</returns>
    static abstract int Release(nint handle);
}

/// <summary>A tensor.</summary>
internal readonly struct TensorRelease : INativeRelease
{
    public static int Release(nint handle) => Door.Current.ReleaseTensor(handle);
}

/// <summary>A random generator.</summary>
internal readonly struct GeneratorRelease : INativeRelease
{
    public static int Release(nint handle) => Door.Current.ReleaseGenerator(handle);
}

/// <summary>A captured CUDA graph.</summary>
internal readonly struct GraphRelease : INativeRelease
{
    public static int Release(nint handle) => Native.nvgt_graph_release(handle);
}

/// <summary>A connection to a store shared by processes.</summary>
internal readonly struct StoreRelease : INativeRelease
{
    public static int Release(nint handle) => Native.nvgt_store_release(handle);
}

/// <summary>A group of processes.</summary>
internal readonly struct GroupRelease : INativeRelease
{
    public static int Release(nint handle) => Native.nvgt_group_release(handle);
}

/// <summary>A collective operation in progress.</summary>
internal readonly struct WorkRelease : INativeRelease
{
    public static int Release(nint handle) => Native.nvgt_work_release(handle);
}
