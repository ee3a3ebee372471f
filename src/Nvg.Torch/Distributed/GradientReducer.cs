using System.Runtime.ExceptionServices;
using Nvg.Torch.Interop;

namespace Nvg.Torch.Distributed;

/// <summary>
/// Sums the gradients of all processes of a group during the backward pass: gradients are copied into buckets, beginning with the last
/// layers, and each bucket is sent as soon as it is full (Li et al. 2020, as in PyTorch's DistributedDataParallel). Owns the buckets; the
/// gradients become views of them.
/// </summary>
/// <remarks>
/// Buckets are sent in one fixed order, so processes may produce their gradients in different orders, or not produce some of them. A
/// missing gradient counts as zero if another process has one; if no process has one, the parameter stays without a gradient. Therefore
/// each bucket also contains, after its gradients, the number of processes that have a gradient for each parameter.
/// </remarks>
public sealed class GradientReducer : IDisposable
{
    /// <summary>Size of a bucket: large enough for the network, small enough to be sent early.</summary>
    public const long DefaultBucketBytes = 25L << 20;

    // The first bucket is small, so that the network is busy early.
    private const long FirstBucketBytes = 1L << 20;

    private readonly ProcessGroup _group;
    private readonly Tensor[] _parameters;
    private readonly Bucket[] _buckets;
    private readonly Bucket[] _bucketOf;
    private readonly bool[] _arrived;
    private readonly GradientHook[] _hooks;
    private readonly Lock _lock = new();
    private int _launched;
    private bool _armed;
    private Exception? _failure;

    /// <param name="parameters">The trainable parameters in the order of the forward pass, float32 on one device; borrowed.</param>
    /// <param name="group">The processes; borrowed.</param>
    /// <param name="bucketBytes">Size of a bucket.</param>
    /// <param name="overlap">
    /// Whether buckets are sent during the backward pass. This requires that every gradient is added to only once.
    /// Otherwise, all buckets are sent in <see cref="Finish"/>.
    /// </param>
    public GradientReducer(IEnumerable<Tensor> parameters, ProcessGroup group, long bucketBytes = DefaultBucketBytes, bool overlap = true)
    {
        _group = group;
        // The backward pass goes from the last parameter to the first.
        _parameters = [.. parameters.Reverse()];
        _arrived = new bool[_parameters.Length];
        _buckets = [.. Divide(_parameters, bucketBytes).Select(members => new Bucket(members, _parameters))];
        _bucketOf = [.. _buckets.SelectMany(b => b.Members.Select(_ => b))];
        _hooks = overlap ? [.. _parameters.Select((p, i) => new GradientHook(p, i, Arrived))] : [];
    }

    /// <summary>Number of buckets.</summary>
    public int BucketCount => _buckets.Length;

    /// <summary>Buckets sent so far in this step.</summary>
    public int LaunchedCount => _launched;

    /// <summary>
    /// Call before the last backward pass of a step: gradients that arrive from then on are sent. They are summed without scaling, so every
    /// process's loss must be weighted by its share of the batch.
    /// </summary>
    public void Begin()
    {
        lock (_lock)
        {
            (_armed, _launched, _failure) = (true, 0, null);
            Array.Clear(_arrived);
            foreach (Bucket bucket in _buckets)
                bucket.Missing = bucket.Members.Length;
        }
    }

    /// <summary>Call after the backward pass: sends the remaining buckets, waits, and replaces the gradients with the sums.</summary>
    /// <exception cref="TorchException">Another process exited.</exception>
    public void Finish()
    {
        lock (_lock)
        {
            _armed = false;
            // The exit of another process is not an error in this one, so its exception is rethrown unchanged.
            if (_failure is TorchException lost)
                ExceptionDispatchInfo.Throw(lost);
            if (_failure is { } failure)
                throw new InvalidOperationException($"gradients could not be reduced: {failure.Message}", failure);
            while (_launched < _buckets.Length)
                Launch(_buckets[_launched++]);
            using GradMode noGrad = Autograd.NoGrad();
            foreach (Bucket bucket in _buckets)
                bucket.Receive(_parameters);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (GradientHook hook in _hooks)
            hook.Dispose();
        foreach (Bucket bucket in _buckets)
            bucket.Dispose();
    }

    // Runs during the backward pass, on any of its threads. Exceptions are stored until Finish is called.
    private void Arrived(int index)
    {
        lock (_lock)
        {
            if (!_armed || _failure is not null)
                return;
            try
            {
                if (_arrived[index])
                    throw new InvalidOperationException(
                        $"parameter {_parameters.Length - 1 - index} got its gradient in two parts; reduce without overlap");
                _arrived[index] = true;
                _bucketOf[index].Missing--;
                while (_launched < _buckets.Length && _buckets[_launched].Missing == 0)
                    Launch(_buckets[_launched++]);
            }
            catch (Exception error)
            {
                _failure = error;
            }
        }
    }

    private void Launch(Bucket bucket)
    {
        using GradMode noGrad = Autograd.NoGrad();
        bucket.Send(_group, _parameters);
    }

    private static IEnumerable<int[]> Divide(Tensor[] parameters, long bucketBytes)
    {
        var members = new List<int>();
        long bytes = 0, room = Math.Min(FirstBucketBytes, bucketBytes);
        for (int i = 0; i < parameters.Length; i++)
        {
            if (parameters[i].ScalarType != ScalarType.Float32)
                throw new ArgumentException($"gradients of {parameters[i].ScalarType} cannot be reduced: parameters must be float32");
            members.Add(i);
            bytes += parameters[i].ElementCount * sizeof(float);
            if (bytes < room)
                continue;
            yield return [.. members];
            members.Clear();
            (bytes, room) = (0, bucketBytes);
        }

        if (members.Count > 0)
            yield return [.. members];
    }

    /// <summary>Gradients that are sent together, followed by the number of processes that have each of them.</summary>
    private sealed class Bucket : IDisposable
    {
        private readonly Tensor _flat;
        private readonly Tensor _counts;
        private readonly Tensor[] _views;
        private readonly bool[] _present;
        private CollectiveWork? _work;

        internal Bucket(int[] members, Tensor[] parameters)
        {
            using var scope = new TensorScope();
            Members = members;
            long total = members.Sum(i => parameters[i].ElementCount);
            _flat = Tensor.Zeros([total + members.Length], device: parameters[members[0]].Device).Own();
            _counts = _flat.Narrow(0, total, members.Length).Own();
            long offset = 0;
            _views = Array.ConvertAll(members, i =>
            {
                long count = parameters[i].ElementCount;
                Tensor view = _flat.Narrow(0, offset, count).Reshape(parameters[i].Shape.ToArray()).Own();
                offset += count;
                return view;
            });
            _present = new bool[members.Length];
        }

        internal int[] Members { get; }

        internal int Missing { get; set; }

        internal void Send(ProcessGroup group, Tensor[] parameters)
        {
            using var scope = new TensorScope();
            _counts.FillInPlace(1);
            for (int k = 0; k < Members.Length; k++)
            {
                Tensor? gradient = parameters[Members[k]].Grad;
                _present[k] = gradient is not null;
                if (gradient is not null)
                {
                    _views[k].CopyFrom(gradient);
                }
                else
                {
                    _views[k].FillInPlace(0);
                    _counts.Narrow(0, k, 1).FillInPlace(0);
                }
            }

            _work = group.AllReduce(_flat);
        }

        internal void Receive(Tensor[] parameters)
        {
            using (_work)
                _work!.Wait();
            _work = null;
            // Reading the counts waits for the device, so only a process that lacks a gradient reads them.
            float[]? counts = Array.TrueForAll(_present, p => p) ? null : _counts.ToArray<float>();
            for (int k = 0; k < Members.Length; k++)
            {
                if (counts is null || counts[k] > 0)
                    parameters[Members[k]].Grad = _views[k];
            }
        }

        public void Dispose()
        {
            _work?.Dispose();
            foreach (Tensor tensor in (ReadOnlySpan<Tensor>)[_flat, _counts, .. _views])
                tensor.Dispose();
        }
    }
}
