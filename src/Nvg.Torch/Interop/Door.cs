namespace Nvg.Torch.Interop;

/// <summary>
/// A way into libtorch: tensors, operators, modes and random generators, as <c>native/door/nvg_torch.h</c> describes them. Handles
/// belong to the door that gave them; a process uses one door. What only training and GPUs need is not here: those exports of the
/// compiled library are called by themselves, and without that library the call says so.
/// </summary>
internal abstract unsafe class Door
{
    private static Door? _current;

    /// <summary>The door of this process; the first use opens it.</summary>
    internal static Door Current => _current ?? Open();

    /// <summary>The door that is open, or null before.</summary>
    internal static Door? Opened => _current;

    /// <summary>Whether the kernels of this library (<c>nvg::…</c>) can be called; else their composed twins serve.</summary>
    internal abstract bool HasKernels { get; }

    /// <summary>The file that was loaded.</summary>
    internal abstract string LibraryPath { get; }

    internal abstract string TorchVersion { get; }

    internal abstract string BuildSettings { get; }

    internal abstract int ThreadCount { get; set; }

    internal abstract int CudaDeviceCount { get; }

    internal abstract void Synchronize(Device device);

    internal abstract void AllowTensorFloat32(bool allowed);

    /// <summary>A new CPU tensor with a copy of the bytes.</summary>
    internal abstract nint CopyTensor(void* data, long byteCount, int scalarType, long* shape, int rank);

    /// <summary>A CPU tensor over memory of an owner, or a copy of it.</summary>
    /// <param name="data">First element.</param>
    /// <param name="scalarType">Element type.</param>
    /// <param name="shape">Sizes, row-major.</param>
    /// <param name="rank">Number of sizes.</param>
    /// <param name="release">Called once with the context when the memory is not needed any more, also where this fails.</param>
    /// <param name="context">For the call.</param>
    internal abstract nint WrapTensor(
        void* data, int scalarType, long* shape, int rank, delegate* unmanaged<nint, void> release, nint context);

    /// <summary>A second reference to the same tensor.</summary>
    internal abstract nint AliasTensor(TensorHandle tensor);

    /// <summary>Drops a reference; 0 where that succeeded.</summary>
    internal abstract int ReleaseTensor(nint tensor);

    internal abstract void Describe(TensorHandle tensor, NativeTensorInfo* info);

    internal abstract void ReadShape(TensorHandle tensor, long* sizes, int capacity);

    internal abstract void* DataOf(TensorHandle tensor);

    internal abstract void SetRequiresGrad(TensorHandle tensor, bool required);

    /// <summary>An operator by name, for the life of the process.</summary>
    /// <exception cref="TorchOperatorException">There is none of this name.</exception>
    internal abstract nint FindOperator(string name, string overload);

    internal abstract string SchemaOf(nint handle);

    /// <summary>Calls an operator; missing trailing arguments have their defaults, lists among the results are flattened.</summary>
    /// <returns>The number of results.</returns>
    /// <exception cref="DoorException">The operator refused.</exception>
    internal abstract int CallOperator(nint handle, NativeValue* arguments, int argumentCount, NativeValue* results, int capacity);

    /// <summary>Sets whether this thread records for autograd.</summary>
    /// <returns>Whether it did.</returns>
    internal abstract bool SetGradMode(bool enabled);

    internal abstract nint EnterInferenceMode();

    internal abstract void ExitInferenceMode(nint mode);

    /// <summary>Switches autocast of this thread on or off, and sets its type.</summary>
    /// <returns>What was set before.</returns>
    internal abstract (bool Enabled, int ScalarType) SetAutocast(DeviceType device, bool enabled, int scalarType);

    internal abstract (bool Enabled, int ScalarType) GetAutocast(DeviceType device);

    /// <summary>Frees the copies of weights that autocast keeps.</summary>
    internal abstract void ClearAutocastCache();

    internal abstract nint NewGenerator(Device device, ulong seed);

    internal abstract int ReleaseGenerator(nint generator);

    internal abstract byte[] GetGeneratorState(GeneratorHandle generator);

    internal abstract void SetGeneratorState(GeneratorHandle generator, ReadOnlySpan<byte> state);

    /// <summary>Makes a door the one of this process.</summary>
    internal static void Use(Door door) => _current = door;

    private static Door Open()
    {
        TorchRuntime.Load();
        return _current!;
    }
}
