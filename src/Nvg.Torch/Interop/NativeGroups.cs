using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop;

// Gradient hooks and process groups.
internal static unsafe partial class Native
{
    [LibraryImport(Library)]
    internal static partial int nvgt_gradient_hook_new(
        TensorHandle tensor, delegate* unmanaged<nint, int, void> ready, nint context, int index, nint* result);
    [LibraryImport(Library)] internal static partial int nvgt_gradient_hook_release(nint hook);

    [LibraryImport(Library)] internal static partial int nvgt_group_backends(byte* hasGloo, byte* hasNccl);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int nvgt_store_new(string host, int port, byte isServer, long timeoutMilliseconds, nint* result);
    [LibraryImport(Library)] internal static partial int nvgt_store_release(nint store);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int nvgt_store_set(StoreHandle store, string key, byte* value, long length);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int nvgt_store_get(StoreHandle store, string key, byte* buffer, long capacity, long* length);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int nvgt_store_has(StoreHandle store, string key, byte* found);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int nvgt_store_add(StoreHandle store, string key, long amount, long* sum);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int nvgt_group_new(
        StoreHandle store, string backend, string prefix, int rank, int size, long timeoutMilliseconds, string? network, string? address,
        nint* result);
    [LibraryImport(Library)] internal static partial int nvgt_group_release(nint group);
    [LibraryImport(Library)]
    internal static partial int nvgt_group_all_reduce(GroupHandle group, TensorHandle tensor, int operation, nint* result);
    [LibraryImport(Library)]
    internal static partial int nvgt_group_broadcast(GroupHandle group, TensorHandle tensor, int root, nint* result);
    [LibraryImport(Library)] internal static partial int nvgt_work_is_done(WorkHandle work, byte* done);
    [LibraryImport(Library)] internal static partial int nvgt_work_wait(WorkHandle work);
    [LibraryImport(Library)] internal static partial int nvgt_work_release(nint work);
}
