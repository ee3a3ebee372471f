namespace Nvg.Torch.Interop;

/// <summary>The door of <c>libnvg_torch</c>, compiled against one libtorch. It supports all features.</summary>
/// <param name="path">Path of the library, which is already loaded.</param>
internal sealed unsafe class CompiledDoor(string path) : Door
{
    internal override bool HasKernels => true;

    internal override string LibraryPath { get; } = path;

    internal override string TorchVersion => Native.ReadText(Native.nvgt_torch_version);

    internal override string BuildSettings => Native.ReadText(Native.nvgt_build_settings);

    internal override int ThreadCount
    {
        get
        {
            int count;
            Native.Check(Native.nvgt_get_thread_count(&count), "thread count");
            return count;
        }

        set => Native.Check(Native.nvgt_set_thread_count(value), "thread count");
    }

    internal override int CudaDeviceCount
    {
        get
        {
            int count;
            Native.Check(Native.nvgt_cuda_device_count(&count), "CUDA devices");
            return count;
        }
    }

    /// <summary>Disables oneDNN if its convolutions are wrong, as in Debian 13 on some processors.</summary>
    /// <returns>Whether oneDNN is used.</returns>
    internal static bool CheckOneDnn()
    {
        byte used;
        Native.Check(Native.nvgt_check_onednn(&used), "oneDNN");
        return used != 0;
    }

    internal override void Synchronize(Device device) =>
        Native.Check(Native.nvgt_synchronize((int)device.Type, device.Index), "synchronize");

    internal override void AllowTensorFloat32(bool allowed) =>
        Native.Check(Native.nvgt_set_allow_tf32(allowed ? (byte)1 : (byte)0), "TF32");

    internal override nint CopyTensor(void* data, long byteCount, int scalarType, long* shape, int rank)
    {
        nint handle;
        Native.Check(Native.nvgt_tensor_copy_from(data, byteCount, scalarType, shape, rank, &handle), "tensor from values");
        return handle;
    }

    internal override nint WrapTensor(
        void* data, int scalarType, long* shape, int rank, delegate* unmanaged<nint, void> release, nint context)
    {
        nint handle;
        int status = Native.nvgt_tensor_wrap(data, scalarType, shape, rank, release, context, &handle);
        if (status != 0)
        {
            release(context);
            Native.Throw(status, "tensor over memory");
        }

        return handle;
    }

    internal override nint AliasTensor(TensorHandle tensor)
    {
        nint alias;
        Native.Check(Native.nvgt_tensor_alias(tensor, &alias), "alias");
        return alias;
    }

    internal override int ReleaseTensor(nint tensor) => Native.nvgt_tensor_release(tensor);

    internal override void Describe(TensorHandle tensor, NativeTensorInfo* info) =>
        Native.Check(Native.nvgt_tensor_describe(tensor, info), "tensor");

    internal override void ReadShape(TensorHandle tensor, long* sizes, int capacity) =>
        Native.Check(Native.nvgt_tensor_shape(tensor, sizes, capacity), "shape");

    internal override void* DataOf(TensorHandle tensor)
    {
        void* data;
        Native.Check(Native.nvgt_tensor_data(tensor, &data), "data");
        return data;
    }

    internal override void SetRequiresGrad(TensorHandle tensor, bool required) =>
        Native.Check(Native.nvgt_set_requires_grad(tensor, required ? (byte)1 : (byte)0), "requires_grad");

    internal override nint FindOperator(string name, string overload)
    {
        nint handle;
        Native.Check(Native.nvgt_operator_find(name, overload, &handle), overload.Length == 0 ? name : $"{name}.{overload}");
        return handle;
    }

    internal override string SchemaOf(nint handle) =>
        Native.ReadText((buffer, capacity, length) => Native.nvgt_operator_schema(handle, buffer, capacity, length));

    internal override int CallOperator(nint handle, NativeValue* arguments, int argumentCount, NativeValue* results, int capacity)
    {
        int count;
        int status = Native.nvgt_operator_call(handle, arguments, argumentCount, results, capacity, &count);
        return status == 0 ? count : throw new DoorException((NativeStatus)status, Native.LastError());
    }

    internal override bool SetGradMode(bool enabled)
    {
        byte previous;
        Native.Check(Native.nvgt_set_grad_mode(enabled ? (byte)1 : (byte)0, &previous), "grad mode");
        return previous != 0;
    }

    internal override nint EnterInferenceMode()
    {
        nint guard;
        Native.Check(Native.nvgt_inference_mode_enter(&guard), "inference mode");
        return guard;
    }

    internal override void ExitInferenceMode(nint mode) => Native.Check(Native.nvgt_inference_mode_exit(mode), "inference mode");

    internal override (bool Enabled, int ScalarType) SetAutocast(DeviceType device, bool enabled, int scalarType)
    {
        byte previous;
        int type;
        Native.Check(Native.nvgt_set_autocast((int)device, enabled ? (byte)1 : (byte)0, scalarType, &previous, &type), "autocast");
        return (previous != 0, type);
    }

    internal override (bool Enabled, int ScalarType) GetAutocast(DeviceType device)
    {
        byte enabled;
        int type;
        Native.Check(Native.nvgt_get_autocast((int)device, &enabled, &type), "autocast");
        return (enabled != 0, type);
    }

    internal override void ClearAutocastCache() => Native.Check(Native.nvgt_clear_autocast_cache(), "autocast");

    internal override nint NewGenerator(Device device, ulong seed)
    {
        nint handle;
        int index = device.Type == DeviceType.Cpu ? -1 : device.Index;
        Native.Check(Native.nvgt_generator_new((int)device.Type, index, seed, &handle), "generator");
        return handle;
    }

    internal override int ReleaseGenerator(nint generator) => Native.nvgt_generator_release(generator);

    internal override byte[] GetGeneratorState(GeneratorHandle generator)
    {
        nint state;
        Native.Check(Native.nvgt_generator_get_state(generator, &state), "generator state");
        using Tensor tensor = Tensor.Adopt(state);
        return tensor.ToArray<byte>();
    }

    internal override void SetGeneratorState(GeneratorHandle generator, ReadOnlySpan<byte> state)
    {
        using Tensor tensor = Tensor.From(state, state.Length);
        Native.Check(Native.nvgt_generator_set_state(generator, tensor.Handle), "generator state");
    }
}
