namespace Nvg.Torch.Interop;

/// <summary>
/// An interface to libtorch: tensors, operators, modes and random generators, as described in <c>native/door/nvg_torch.h</c>. Handles
/// belong to the door that created them; a process uses one door. Features that only training and GPUs need are not included: these exports
/// of the compiled library are called directly, and without that library the call reports an error.
/// </summary>
internal abstract unsafe class Door
{
    private static Door? _current;

    /// <summary>The door of this process; the first use opens it.</summary>
    internal static Door Current => _current ?? Open();

    /// <summary>The open door, or null if none is open yet.</summary>
    internal static Door? Opened => _current;

    /// <summary>
    /// Whether the kernels of this library (<c>nvg::…</c>) can be called. Otherwise, equivalent compositions of libtorch operators are
    /// used.
    /// </summary>
    internal abstract bool HasKernels { get; }

    /// <summary>The file that was loaded.</summary>
    internal abstract string LibraryPath { get; }

    internal abstract string TorchVersion { get; }

    internal abstract string BuildSettings { get; }

    internal abstract int ThreadCount { get; set; }

    internal abstract int CudaDeviceCount { get; }

    internal abstract void Synchronize(Device device);

    internal abstract void AllowTensorFloat32(bool allowed);

    /// <summary>Creates a CPU tensor with a copy of the bytes.</summary>
    internal abstract nint CopyTensor(void* data, long byteCount, int scalarType, long* shape, int rank);

    /// <summary>Creates a CPU tensor over an owner's memory, or over a copy of it.</summary>
    /// <param name="data">First element.</param>
    /// <param name="scalarType">Element type.</param>
    /// <param name="shape">Sizes, row-major.</param>
    /// <param name="rank">Number of sizes.</param>
    /// <param name="release">Called once with the context when the memory is no longer needed, even if this method fails.</param>
    /// <param name="context">Passed to <paramref name="release"/>.</param>
    internal abstract nint WrapTensor(
        void* data, int scalarType, long* shape, int rank, delegate* unmanaged<nint, void> release, nint context);

    /// <summary>Creates a second reference to the same tensor.</summary>
    internal abstract nint AliasTensor(TensorHandle tensor);

    /// <summary>Drops a reference; returns 0 on success.</summary>
    internal abstract int ReleaseTensor(nint tensor);

    internal abstract void Describe(TensorHandle tensor, NativeTensorInfo* info);

    internal abstract void ReadShape(TensorHandle tensor, long* sizes, int capacity);

    internal abstract void* DataOf(TensorHandle tensor);

    internal abstract void SetRequiresGrad(TensorHandle tensor, bool required);

    /// <summary>Finds an operator by name; it stays valid for the lifetime of the process.</summary>
    /// <exception cref="TorchOperatorException">There is no operator with this name.</exception>
    internal abstract nint FindOperator(string name, string overload);

    internal abstract string SchemaOf(nint handle);

    /// <summary>Calls an operator; missing trailing arguments have their defaults, lists among the results are flattened.</summary>
    /// <returns>The number of results.</returns>
    /// <exception cref="DoorException">The operator failed.</exception>
    internal abstract int CallOperator(nint handle, NativeValue* arguments, int argumentCount, NativeValue* results, int capacity);

    /// <summary>Sets whether this thread records operations for autograd.</summary>
    /// <returns>The previous setting.</returns>
    internal abstract bool SetGradMode(bool enabled);

    internal abstract nint EnterInferenceMode();

    internal abstract void ExitInferenceMode(nint mode);

    /// <summary>Turns autocast on or off for this thread and sets its type.</summary>
    /// <returns>The previous setting.</returns>
    internal abstract (bool Enabled, int ScalarType) SetAutocast(DeviceType device, bool enabled, int scalarType);

    internal abstract (bool Enabled, int ScalarType) GetAutocast(DeviceType device);

    /// <summary>Frees the copies of weights that autocast caches.</summary>
    internal abstract void ClearAutocastCache();

    internal abstract nint NewGenerator(Device device, ulong seed);

    internal abstract int ReleaseGenerator(nint generator);

    internal abstract byte[] GetGeneratorState(GeneratorHandle generator);

    internal abstract void SetGeneratorState(GeneratorHandle generator, ReadOnlySpan<byte> state);

    /// <summary>Sets the door of this process.</summary>
    internal static void Use(Door door) => _current = door;

    private static Door Open()
    {
        TorchRuntime.Load();
        return _current!;
    }
}
