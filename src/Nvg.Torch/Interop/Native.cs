using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
[assembly: DisableRuntimeMarshalling]

namespace Nvg.Torch.Interop;

/// <summary>The exports of <c>libnvg_torch</c>, one to one (see <c>native/door/nvg_torch.h</c>), and checks of their status.</summary>
internal static unsafe partial class Native
{
    internal const string Library = "nvg_torch";
    internal const int AbiVersion = 2;

    /// <summary>Throws the exception for a failed status.</summary>
    internal static void Check(int status, string operation)
    {
        if ((NativeStatus)status != NativeStatus.Ok)
            Throw(status, operation);
    }

    internal delegate int TextExport(byte* buffer, long capacity, long* length);

    /// <summary>Reads a string that an export copies out: one call for its length, one for its bytes.</summary>
    internal static string ReadText(TextExport export)
    {
        long length;
        if (export(null, 0, &length) != 0 || length == 0)
            return "";
        byte[] bytes = new byte[length];
        fixed (byte* first = bytes)
            _ = export(first, bytes.Length, &length);
        return Encoding.UTF8.GetString(bytes, 0, (int)Math.Min(length, bytes.Length));
    }

    internal static void Throw(int status, string operation) => throw Failure(status, operation);

    /// <summary>The native library's message for the last failure on this thread.</summary>
    internal static string LastError() => ReadText(nvgt_last_error).Trim();

    private static TorchException Failure(int status, string operation) =>
        DoorException.Describe((NativeStatus)status, operation, LastError());

    [LibraryImport(Library)] internal static partial int nvgt_abi_version();
    [LibraryImport(Library)] internal static partial int nvgt_last_error(byte* buffer, long capacity, long* length);
    [LibraryImport(Library)] internal static partial int nvgt_torch_version(byte* buffer, long capacity, long* length);
    [LibraryImport(Library)] internal static partial int nvgt_build_settings(byte* buffer, long capacity, long* length);
    [LibraryImport(Library)] internal static partial int nvgt_get_thread_count(int* count);
    [LibraryImport(Library)] internal static partial int nvgt_set_thread_count(int count);
    [LibraryImport(Library)] internal static partial int nvgt_cuda_device_count(int* count);
    [LibraryImport(Library)] internal static partial int nvgt_synchronize(int deviceType, int deviceIndex);
    [LibraryImport(Library)] internal static partial int nvgt_set_allow_tf32(byte allowed);
    [LibraryImport(Library)] internal static partial int nvgt_check_onednn(byte* used);

    [LibraryImport(Library)] internal static partial int nvgt_trace_begin();
    [LibraryImport(Library)] internal static partial int nvgt_trace_end();
    [LibraryImport(Library)] internal static partial int nvgt_trace_report(byte* buffer, long capacity, long* length);
    [LibraryImport(Library)] internal static partial int nvgt_profile_begin(byte withCuda);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial int nvgt_profile_end(string path);

    [LibraryImport(Library)]
    internal static partial int nvgt_tensor_copy_from(void* data, long byteCount, int scalarType, long* shape, int rank, nint* result);
    [LibraryImport(Library)]
    internal static partial int nvgt_tensor_wrap(
        void* data, int scalarType, long* shape, int rank, delegate* unmanaged<nint, void> release, nint context, nint* result);
    [LibraryImport(Library)] internal static partial int nvgt_tensor_alias(TensorHandle tensor, nint* result);
    [LibraryImport(Library)] internal static partial int nvgt_tensor_release(nint tensor);
    [LibraryImport(Library)] internal static partial int nvgt_tensor_describe(TensorHandle tensor, NativeTensorInfo* info);
    [LibraryImport(Library)] internal static partial int nvgt_tensor_shape(TensorHandle tensor, long* sizes, int capacity);
    [LibraryImport(Library)] internal static partial int nvgt_tensor_data(TensorHandle tensor, void** data);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int nvgt_operator_find(string name, string overload, nint* result);
    [LibraryImport(Library)] internal static partial int nvgt_operator_schema(nint op, byte* buffer, long capacity, long* length);
    [LibraryImport(Library)]
    internal static partial int nvgt_operator_call(
        nint op, NativeValue* arguments, int argumentCount, NativeValue* results, int capacity, int* resultCount);

    [LibraryImport(Library)] internal static partial int nvgt_set_requires_grad(TensorHandle tensor, byte required);
    [LibraryImport(Library)] internal static partial int nvgt_get_grad(TensorHandle tensor, nint* grad);
    [LibraryImport(Library)] internal static partial int nvgt_set_grad(TensorHandle tensor, nint grad);
    [LibraryImport(Library)] internal static partial int nvgt_backward(nint* roots, int rootCount, nint* rootGrads, byte retainGraph);
    [LibraryImport(Library)]
    internal static partial int nvgt_grad(
        nint* roots, int rootCount, nint* inputs, int inputCount, nint* rootGrads, byte retainGraph, byte createGraph, nint* grads);
    [LibraryImport(Library)]
    internal static partial int nvgt_checkpoint(
        nint* inputs, int inputCount, TensorHandle output, delegate* unmanaged<nint, nint, nint*, int> backward,
        delegate* unmanaged<nint, void> release, nint context, nint* result);
    [LibraryImport(Library)] internal static partial int nvgt_set_grad_mode(byte enabled, byte* previous);
    [LibraryImport(Library)] internal static partial int nvgt_inference_mode_enter(nint* guard);
    [LibraryImport(Library)] internal static partial int nvgt_inference_mode_exit(nint guard);
    [LibraryImport(Library)]
    internal static partial int nvgt_set_autocast(
        int deviceType, byte enabled, int scalarType, byte* previousEnabled, int* previousScalarType);
    [LibraryImport(Library)] internal static partial int nvgt_get_autocast(int deviceType, byte* enabled, int* scalarType);
    [LibraryImport(Library)] internal static partial int nvgt_clear_autocast_cache();

    [LibraryImport(Library)] internal static partial int nvgt_generator_new(int deviceType, int deviceIndex, ulong seed, nint* result);
    [LibraryImport(Library)] internal static partial int nvgt_generator_release(nint generator);
    [LibraryImport(Library)] internal static partial int nvgt_generator_get_state(GeneratorHandle generator, nint* state);
    [LibraryImport(Library)] internal static partial int nvgt_generator_set_state(GeneratorHandle generator, TensorHandle state);

    [LibraryImport(Library)] internal static partial int nvgt_has_graphs(byte* available);
    [LibraryImport(Library)] internal static partial int nvgt_graph_new(int deviceIndex, nint* result);
    [LibraryImport(Library)] internal static partial int nvgt_graph_enter(GraphHandle graph, byte captures);
    [LibraryImport(Library)] internal static partial int nvgt_graph_exit(GraphHandle graph);
    [LibraryImport(Library)] internal static partial int nvgt_graph_replay(GraphHandle graph);
    [LibraryImport(Library)] internal static partial int nvgt_graph_release(nint graph);
}
