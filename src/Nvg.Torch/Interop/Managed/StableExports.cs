using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop.Managed;

/// <summary>
/// The part of PyTorch's stable C interface that the managed door calls (torch/csrc/inductor/aoti_torch/c/shim.h and
/// torch/csrc/stable/c/shim.h of libtorch 2.10). Every status is 0 on success. Returned tensors are new references. The dispatcher takes
/// ownership of the references, lists and strings among its arguments.
/// </summary>
internal static unsafe partial class StableExports
{
    internal const string Library = "torch_cpu";
    internal const string Refused = "libtorch refused; its reason is on standard error";

    [LibraryImport(Library)] internal static partial int torch_get_num_threads(uint* count);
    [LibraryImport(Library)] internal static partial byte aoti_torch_grad_mode_is_enabled();
    [LibraryImport(Library)] internal static partial void aoti_torch_grad_mode_set_enabled(byte enabled);

    [LibraryImport(Library)] internal static partial int aoti_torch_call_dispatcher(byte* name, byte* overload, ulong* stack);
    [LibraryImport(Library)]
    internal static partial int aoti_torch_aten_subtract_Tensor(nint tensor, nint other, double alpha, nint* result);
    [LibraryImport(Library)] internal static partial int aoti_torch_item_float64(nint tensor, double* value);
    [LibraryImport(Library)] internal static partial int aoti_torch_item_int64(nint tensor, long* value);
    [LibraryImport(Library)] internal static partial int aoti_torch_scalar_to_tensor_float64(double value, nint* result);
    [LibraryImport(Library)] internal static partial int aoti_torch_scalar_to_tensor_float32(float value, nint* result);
    [LibraryImport(Library)] internal static partial int aoti_torch_scalar_to_tensor_int64(long value, nint* result);

    [LibraryImport(Library)]
    internal static partial int aoti_torch_empty_strided(
        long rank, long* sizes, long* strides, int scalarType, int deviceType, int deviceIndex, nint* result);
    [LibraryImport(Library)] internal static partial int aoti_torch_new_tensor_handle(nint tensor, nint* result);
    [LibraryImport(Library)] internal static partial int aoti_torch_delete_tensor_object(nint tensor);
    [LibraryImport(Library)] internal static partial int aoti_torch_is_defined(nint tensor, byte* defined);
    [LibraryImport(Library)] internal static partial int aoti_torch_get_dtype(nint tensor, int* scalarType);
    [LibraryImport(Library)] internal static partial int aoti_torch_get_device_type(nint tensor, int* type);
    [LibraryImport(Library)] internal static partial int aoti_torch_get_device_index(nint tensor, int* index);
    [LibraryImport(Library)] internal static partial int aoti_torch_get_dim(nint tensor, long* rank);
    [LibraryImport(Library)] internal static partial int aoti_torch_get_numel(nint tensor, long* count);
    [LibraryImport(Library)] internal static partial int aoti_torch_get_sizes(nint tensor, long** sizes);
    [LibraryImport(Library)] internal static partial int aoti_torch_is_contiguous(nint tensor, byte* contiguous);
    [LibraryImport(Library)] internal static partial int aoti_torch_get_data_ptr(nint tensor, void** data);

    [LibraryImport(Library)] internal static partial int torch_new_list_reserve_size(nuint capacity, nint* list);
    [LibraryImport(Library)] internal static partial int torch_list_push_back(nint list, ulong element);
    [LibraryImport(Library)] internal static partial int torch_list_size(nint list, nuint* size);
    [LibraryImport(Library)] internal static partial int torch_list_get_item(nint list, nuint index, ulong* element);
    [LibraryImport(Library)] internal static partial int torch_delete_list(nint list);
    [LibraryImport(Library)] internal static partial int torch_new_string_handle(byte* text, nuint length, nint* result);

    /// <summary>
    /// Throws if libtorch reported an error. The stable interface does not provide the reason, which is written to standard error.
    /// </summary>
    internal static void Check(int status)
    {
        if (status != 0)
            throw new DoorException(NativeStatus.Error, Refused);
    }
}
