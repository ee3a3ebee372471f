using System.Collections.Concurrent;
using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>
/// An n-dimensional array of libtorch. Arguments of operations are borrowed; every returned tensor is new and belongs to
/// the caller, or to the innermost <see cref="TensorScope"/> of the thread. Disposing releases only this reference.
/// </summary>
public sealed unsafe partial class Tensor : IDisposable
{
    private static long _liveCount;
    private static ConcurrentDictionary<Tensor, string>? _allocations;

    private long[]? _shape;
    private int _disposed;

    private Tensor(nint handle)
    {
        Handle = new TensorHandle(handle);
        Interlocked.Increment(ref _liveCount);
        _allocations?.TryAdd(this, Environment.StackTrace);
        TensorScope.Enter(this);
    }

    /// <summary>Number of tensors in this process that have been created and not disposed.</summary>
    public static long LiveCount => Interlocked.Read(ref _liveCount);

    /// <summary>Records where every tensor is created from now on, for <see cref="LiveAllocations"/>; slow, for debugging.</summary>
    public static void TrackAllocations() => _allocations = new ConcurrentDictionary<Tensor, string>(ReferenceEqualityComparer.Instance);

    /// <summary>Where the live tensors were created, if <see cref="TrackAllocations"/> was called before.</summary>
    public static IReadOnlyCollection<string> LiveAllocations => _allocations is null ? [] : [.. _allocations.Values];

    internal TensorHandle Handle { get; }

    /// <summary>The scope that frees this tensor; null if an object or a caller does.</summary>
    internal TensorScope.Frame? Owner { get; set; }

    /// <summary>Sizes of the dimensions, outermost first.</summary>
    public ReadOnlySpan<long> Shape => _shape ??= ReadShape();

    /// <summary>Number of dimensions.</summary>
    public int Rank => Shape.Length;

    /// <summary>Number of elements.</summary>
    public long ElementCount => Describe().ElementCount;

    /// <summary>Element type.</summary>
    public ScalarType ScalarType => (ScalarType)Describe().ScalarType;

    /// <summary>The device that holds the elements.</summary>
    public Device Device
    {
        get
        {
            NativeTensorInfo info = Describe();
            return new Device((DeviceType)info.DeviceType, info.DeviceIndex);
        }
    }

    /// <summary>Whether the elements are stored row-major without gaps.</summary>
    public bool IsContiguous => Describe().IsContiguous != 0;

    /// <summary>Whether autograd tracks this tensor. Can be set only for floating-point leaves.</summary>
    public bool RequiresGrad
    {
        get => Describe().RequiresGrad != 0;
        set => Door.Current.SetRequiresGrad(Handle, value);
    }

    /// <summary>The accumulated gradient as a new tensor, or null; setting it replaces the gradient, and null clears it.</summary>
    public Tensor? Grad
    {
        get
        {
            nint grad;
            Native.Check(Native.nvgt_get_grad(Handle, &grad), "grad");
            return grad == 0 ? null : Adopt(grad);
        }

        set
        {
            bool added = false;
            try
            {
                value?.Handle.DangerousAddRef(ref added);
                Native.Check(Native.nvgt_set_grad(Handle, value?.Handle.DangerousGetHandle() ?? 0), "grad");
            }
            finally
            {
                if (added)
                    value!.Handle.DangerousRelease();
            }
        }
    }

    /// <summary>Size of dimension <paramref name="dimension"/>; negative values count from the last.</summary>
    public long Size(int dimension) => Shape[dimension < 0 ? dimension + Rank : dimension];

    /// <summary>A second reference to the same tensor, to be disposed on its own.</summary>
    public Tensor Alias() => Adopt(Door.Current.AliasTensor(Handle));

    /// <summary>Takes this tensor out of every open scope: it now belongs to the object that calls this and disposes it.</summary>
    /// <returns>This tensor.</returns>
    public Tensor Own()
    {
        TensorScope.Leave(this);
        return this;
    }

    /// <summary>Releases this reference; a second call does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        Interlocked.Decrement(ref _liveCount);
        _allocations?.TryRemove(this, out _);
        Handle.Dispose();
    }

    /// <summary>Element type, shape and device, such as <c>Float32[2, 3] on cpu</c>.</summary>
    public override string ToString() =>
        Handle.IsClosed ? "disposed tensor"
            : $"{ScalarType}[{string.Join(", ", Shape.ToArray())}]{(Device.Type == DeviceType.Cpu ? "" : $" on {Device}")}";

    /// <summary>Wraps a new native reference.</summary>
    internal static Tensor Adopt(nint handle) =>
        handle != 0 ? new Tensor(handle) : throw new TorchException("the operator gave an undefined tensor");

    private NativeTensorInfo Describe()
    {
        NativeTensorInfo info;
        Door.Current.Describe(Handle, &info);
        return info;
    }

    private long[] ReadShape()
    {
        long[] shape = new long[Describe().Rank];
        fixed (long* sizes = shape)
            Door.Current.ReadShape(Handle, sizes, shape.Length);
        return shape;
    }
}
