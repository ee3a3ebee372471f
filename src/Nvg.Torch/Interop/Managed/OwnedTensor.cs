namespace Nvg.Torch.Interop.Managed;

/// <summary>A tensor reference that the managed door itself holds while it composes an operator.</summary>
internal readonly unsafe ref struct OwnedTensor(nint handle) : IDisposable
{
    internal nint Handle { get; } = handle;

    /// <summary>The tensor as an argument; this object keeps the reference.</summary>
    internal NativeValue Value => ValueOf(Handle);

    public void Dispose() => _ = StableExports.aoti_torch_delete_tensor_object(Handle);

    internal static NativeValue ValueOf(nint tensor) => new() { Kind = ValueKind.Tensor, Payload = tensor };

    internal static ScalarType TypeOf(nint tensor)
    {
        int type;
        StableExports.Check(StableExports.aoti_torch_get_dtype(tensor, &type));
        return (ScalarType)type;
    }

    internal static long RankOf(nint tensor)
    {
        long rank;
        StableExports.Check(StableExports.aoti_torch_get_dim(tensor, &rank));
        return rank;
    }
}
