using Nvg.Torch;

namespace Nvg.Generators.Blocks;

/// <summary>
/// Blocks on a GPU whose kernels are launched together. A pass of the stack has a fixed shape, so it is captured once per batch size and
/// replayed for all steps and stages. Small batches would otherwise be limited by launch overhead. Borrows the blocks; owns the graphs.
/// </summary>
/// <remarks>Shapes: N sequences, T tokens, W width.</remarks>
internal sealed class CapturedBlocks : IBlockStack
{
    // Every graph keeps the memory of its pass. Programs use few batch sizes; the least recently used graph is dropped.
    private const int MostShapes = 6;

    private readonly TransformerBlock[] _blocks;
    private readonly Func<Device, Func<Tensor>, ICapturedWork> _capture;
    private readonly Lock _lock = new();
    private readonly Dictionary<Shape, Pass?> _passes = [];
    private readonly List<Shape> _byUse = [];

    /// <param name="blocks">Borrowed; their parameters must not be replaced, but may be changed in place.</param>
    /// <param name="capture">Captures work on a device: <see cref="CapturedGraph.Capture"/>.</param>
    internal CapturedBlocks(TransformerBlock[] blocks, Func<Device, Func<Tensor>, ICapturedWork> capture) =>
        (_blocks, _capture) = (blocks, capture);

    /// <inheritdoc/>
    public Tensor Run(Tensor tokens_NTW, Tensor[] modulations, Tensor rotary)
    {
        if (tokens_NTW.RequiresGrad)
            return BlockTraining.Run(_blocks, tokens_NTW, modulations, rotary);
        var shape = new Shape(tokens_NTW.Size(0), tokens_NTW.Size(1));
        // Threads share the inputs and the result of a graph, so all work that uses them is launched under one lock.
        lock (_lock)
        {
            // A shape that is used only once is not worth capturing. The first pass also loads the kernels.
            if (!_passes.TryGetValue(shape, out Pass? pass))
            {
                Remember(shape);
                return BlockTraining.Run(_blocks, tokens_NTW, modulations, rotary);
            }

            _byUse.Remove(shape);
            _byUse.Add(shape);
            pass ??= _passes[shape] = new Pass(_blocks, _capture, tokens_NTW, modulations, rotary);
            return pass.Run(tokens_NTW, modulations, rotary);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Pass? pass in _passes.Values)
            pass?.Dispose();
    }

    private void Remember(Shape shape)
    {
        if (_passes.Count == MostShapes)
        {
            Shape oldest = _byUse[0];
            _byUse.RemoveAt(0);
            _passes.Remove(oldest, out Pass? pass);
            pass?.Dispose();
        }

        _passes.Add(shape, null);
        _byUse.Add(shape);
    }

    private readonly record struct Shape(long Sequences, long Tokens);

    // One captured pass, with the tensors that it reads.
    private sealed class Pass : IDisposable
    {
        private static readonly Operator CatOut = new("aten::cat", "out");

        private readonly Tensor _tokens_NTW;
        private readonly Tensor _modulations;
        private readonly Tensor _rotary;
        private readonly ICapturedWork _graph;

        internal Pass(
            TransformerBlock[] blocks, Func<Device, Func<Tensor>, ICapturedWork> capture, Tensor tokens_NTW, Tensor[] modulations,
            Tensor rotary)
        {
            using InferenceMode inference = Autograd.Inference();
            using var scope = new TensorScope();
            long count = modulations[0].Size(0);
            Tensor tokens = tokens_NTW.Clone(), together = Tensor.Cat(modulations, 0), turns = rotary.Clone();
            _graph = capture(tokens_NTW.Device, () =>
            {
                using var passScope = new TensorScope();
                Tensor[] parts = [.. blocks.Select((_, i) => together.Narrow(0, i * count, count))];
                return passScope.Keep(BlockTraining.Run(blocks, tokens, parts, turns));
            });
            (_tokens_NTW, _modulations, _rotary) = (tokens.Own(), together.Own(), turns.Own());
        }

        internal Tensor Run(Tensor tokens_NTW, Tensor[] modulations, Tensor rotary)
        {
            // The tensors of a graph were created in inference mode and cannot be written outside it.
            using InferenceMode inference = Autograd.Inference();
            _tokens_NTW.CopyFrom(tokens_NTW);
            _rotary.CopyFrom(rotary);
            CatOut.Run(modulations, 0, _modulations);
            _graph.Replay();
            return _graph.Result.Clone();
        }

        public void Dispose()
        {
            _graph.Dispose();
            _tokens_NTW.Dispose();
            _modulations.Dispose();
            _rotary.Dispose();
        }
    }
}
