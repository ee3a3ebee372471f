using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop.Managed;

/// <summary>
/// A door without a compiled library: operators are called through the stable C interface of the libtorch from the packages
/// <c>libtorch-cpu-…</c>. It supports inference on the CPU, without gradients, autocast or kernels of this library.
/// </summary>
internal sealed unsafe class ManagedDoor : Door
{
    /// <summary>What to do if this door is not sufficient.</summary>
    internal const string WayOut =
        "training, autocast, process groups and GPUs need the compiled library: see docs/doors.md, 'What only the compiled door does'";

    // The state that leaving inference mode restores. The compiled door represents modes as addresses, where 0 means that the mode has been
    // left.
    private const nint GradsBefore = 1;
    private const nint NoGradsBefore = 2;

    private readonly Threads _threads;

    /// <param name="library">The loaded libtorch.</param>
    /// <param name="path">Its file.</param>
    /// <param name="version">Its version.</param>
    internal ManagedDoor(nint library, string path, string version)
    {
        (LibraryPath, TorchVersion) = (path, version);
        _threads = new Threads(library, Path.GetDirectoryName(path)!);
    }

    internal override bool HasKernels => false;

    internal override string LibraryPath { get; }

    internal override string TorchVersion { get; }

    internal override string BuildSettings => $"libtorch {TorchVersion} through its stable C interface\n{LibraryPath}";

    internal override int ThreadCount
    {
        get => _threads.Count;
        set => _threads.Count = value;
    }

    internal override int CudaDeviceCount => 0;

    internal override void Synchronize(Device device)
    {
    }

    // Only relevant for GPUs.
    internal override void AllowTensorFloat32(bool allowed)
    {
    }

    internal override nint CopyTensor(void* data, long byteCount, int scalarType, long* shape, int rank)
    {
        _threads.Follow();
        try
        {
            return Fills.Copy(data, byteCount, (ScalarType)scalarType, new ReadOnlySpan<long>(shape, rank));
        }
        catch (DoorException refusal)
        {
            throw DoorException.Describe(refusal.Status, "tensor from values", refusal.Message);
        }
    }

    // Copies the memory, because the interface of libtorch 2.10 cannot report when the last view of external memory is gone.
    internal override nint WrapTensor(
        void* data, int scalarType, long* shape, int rank, delegate* unmanaged<nint, void> release, nint context)
    {
        try
        {
            long bytes = ((ScalarType)scalarType).ByteSize();
            for (int i = 0; i < rank; i++)
                bytes = checked(bytes * shape[i]);
            return CopyTensor(data, bytes, scalarType, shape, rank);
        }
        finally
        {
            release(context);
        }
    }

    internal override nint AliasTensor(TensorHandle tensor)
    {
        using var borrowed = new BorrowedTensor(tensor);
        nint alias;
        Require(StableExports.aoti_torch_new_tensor_handle(borrowed.Handle, &alias), "alias");
        return alias;
    }

    internal override int ReleaseTensor(nint tensor) => StableExports.aoti_torch_delete_tensor_object(tensor);

    internal override void Describe(TensorHandle tensor, NativeTensorInfo* info)
    {
        using var borrowed = new BorrowedTensor(tensor);
        long rank;
        *info = default;
        Require(StableExports.aoti_torch_get_dtype(borrowed.Handle, &info->ScalarType), "tensor");
        Require(StableExports.aoti_torch_get_device_type(borrowed.Handle, &info->DeviceType), "tensor");
        Require(StableExports.aoti_torch_get_device_index(borrowed.Handle, &info->DeviceIndex), "tensor");
        Require(StableExports.aoti_torch_get_dim(borrowed.Handle, &rank), "tensor");
        Require(StableExports.aoti_torch_get_numel(borrowed.Handle, &info->ElementCount), "tensor");
        Require(StableExports.aoti_torch_is_contiguous(borrowed.Handle, &info->IsContiguous), "tensor");
        info->Rank = (int)rank;
        info->IsLeaf = 1;
    }

    internal override void ReadShape(TensorHandle tensor, long* sizes, int capacity)
    {
        using var borrowed = new BorrowedTensor(tensor);
        long* shape;
        long rank;
        Require(StableExports.aoti_torch_get_dim(borrowed.Handle, &rank), "shape");
        Require(StableExports.aoti_torch_get_sizes(borrowed.Handle, &shape), "shape");
        new ReadOnlySpan<long>(shape, (int)rank).CopyTo(new Span<long>(sizes, capacity));
    }

    internal override void* DataOf(TensorHandle tensor)
    {
        using var borrowed = new BorrowedTensor(tensor);
        void* data;
        Require(StableExports.aoti_torch_get_data_ptr(borrowed.Handle, &data), "data");
        return data;
    }

    internal override void SetRequiresGrad(TensorHandle tensor, bool required)
    {
        if (required)
            throw new TorchException($"requires_grad: {WayOut}");
    }

    internal override nint FindOperator(string name, string overload) => ManagedOperator.Find(name, overload);

    internal override string SchemaOf(nint handle) => ManagedOperator.Of(handle).Schema;

    internal override int CallOperator(nint handle, NativeValue* arguments, int argumentCount, NativeValue* results, int capacity)
    {
        _threads.Follow();
        return ManagedOperator.Of(handle).Call(
            new ReadOnlySpan<NativeValue>(arguments, argumentCount), new Span<NativeValue>(results, capacity));
    }

    internal override bool SetGradMode(bool enabled)
    {
        bool previous = StableExports.aoti_torch_grad_mode_is_enabled() != 0;
        StableExports.aoti_torch_grad_mode_set_enabled(enabled ? (byte)1 : (byte)0);
        return previous;
    }

    // The interface has no inference mode. Disabling gradients gives the same results.
    internal override nint EnterInferenceMode() => SetGradMode(false) ? GradsBefore : NoGradsBefore;

    internal override void ExitInferenceMode(nint mode) => SetGradMode(mode == GradsBefore);

    internal override (bool Enabled, int ScalarType) SetAutocast(DeviceType device, bool enabled, int scalarType) =>
        enabled ? throw new TorchException($"autocast: {WayOut}") : GetAutocast(device);

    internal override (bool Enabled, int ScalarType) GetAutocast(DeviceType device) => (false, (int)ScalarType.BFloat16);

    internal override void ClearAutocastCache()
    {
    }

    internal override nint NewGenerator(Device device, ulong seed) => device.Type == DeviceType.Cpu
        ? GCHandle.ToIntPtr(GCHandle.Alloc(new Mt19937(seed)))
        : throw new TorchException($"generator on {device}: {WayOut}");

    internal override int ReleaseGenerator(nint generator)
    {
        GCHandle.FromIntPtr(generator).Free();
        return 0;
    }

    internal override byte[] GetGeneratorState(GeneratorHandle generator) => GeneratorOf(generator).GetState();

    internal override void SetGeneratorState(GeneratorHandle generator, ReadOnlySpan<byte> state) => GeneratorOf(generator).SetState(state);

    private static Mt19937 GeneratorOf(GeneratorHandle generator)
    {
        bool added = false;
        generator.DangerousAddRef(ref added);
        try
        {
            return (Mt19937)GCHandle.FromIntPtr(generator.DangerousGetHandle()).Target!;
        }
        finally
        {
            generator.DangerousRelease();
        }
    }

    private static void Require(int status, string operation)
    {
        if (status != 0)
            throw new TorchException($"{operation}: {StableExports.Refused}");
    }

    /// <summary>Keeps a handle open for the calls of one method.</summary>
    private readonly ref struct BorrowedTensor : IDisposable
    {
        private readonly TensorHandle _handle;

        internal BorrowedTensor(TensorHandle handle)
        {
            bool added = false;
            handle.DangerousAddRef(ref added);
            _handle = handle;
        }

        internal nint Handle => _handle.DangerousGetHandle();

        public void Dispose() => _handle.DangerousRelease();
    }
}
