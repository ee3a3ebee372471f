using Nvg.Torch;

namespace Nvg.Generators;

/// <summary>What training adds to a stack of blocks: drop path, and the hidden state after one block.</summary>
public sealed class BlockTraining
{
    // At the deepest block of a model of 24 (specification, section 4).
    private const double MaximumDropPath = 0.1;
    private const double ReferenceDepth = 24;

    /// <summary>Draws what drop path leaves out; null switches it off.</summary>
    public RandomGenerator? DropPathGenerator { get; init; }

    /// <summary>Where the sequences lie in the batch that is drawn for; null where they are all of it. Borrowed.</summary>
    public DropPathRows? DropPathRows { get; init; }

    /// <summary>Whether blocks keep only their inputs and are computed again in the backward pass (see <see cref="ActivationCheckpoint"/>).</summary>
    public bool Checkpoints { get; init; }

    /// <summary>Number (from 1) of the block whose output is kept in <see cref="Hidden_NTW"/>; 0 for none.</summary>
    public int HiddenBlock { get; init; }

    /// <summary>The output of block <see cref="HiddenBlock"/>; belongs to whoever asked for it.</summary>
    public Tensor? Hidden_NTW { get; private set; }

    /// <summary>Runs the blocks one after another.</summary>
    /// <param name="blocks">The stack.</param>
    /// <param name="packed">The same blocks packed for sampling, which run in their place and overwrite the input; or null.</param>
    /// <param name="tokens_NTW">Its input.</param>
    /// <param name="modulations">Shift, scale and gate for each block, N × 3 W.</param>
    /// <param name="rotary">Turns of the tokens.</param>
    /// <param name="training">Drop path and a look at hidden layers, or null outside training.</param>
    /// <exception cref="InvalidOperationException">Packed blocks are asked to train.</exception>
    internal static Tensor Run(
        TransformerBlock[] blocks, PackedBlock[]? packed, Tensor tokens_NTW, IReadOnlyList<Tensor> modulations, Tensor rotary,
        BlockTraining? training)
    {
        if (packed is not null)
        {
            return training is null
                ? PackedBlock.Run(packed, tokens_NTW, modulations, rotary)
                : throw new InvalidOperationException("a packed generator cannot be trained: train the one it was made from");
        }

        Tensor x = tokens_NTW.Alias();
        for (int i = 0; i < blocks.Length; i++)
        {
            TransformerBlock block = blocks[i];
            using Tensor modulation = block.Dropped(modulations[i], training?.DropPath(i, blocks.Length));
            Tensor next = training is { Checkpoints: true }
                ? ActivationCheckpoint.Run(inputs => block.Forward(inputs[0], inputs[1], inputs[2]), x, modulation, rotary)
                : block.Forward(x, modulation, rotary);
            x.Dispose();
            x = next;
            if (training is not null && i + 1 == training.HiddenBlock)
                training.Hidden_NTW = x.Alias().Own();
        }

        return x;
    }

    // Rises linearly over the blocks to 0.1 · d/24.
    private TransformerBlock.DropPath? DropPath(int block, int depth) => DropPathGenerator is not { } generator
        ? null
        : new TransformerBlock.DropPath(depth == 1 ? 0 : MaximumDropPath * depth / ReferenceDepth * block / (depth - 1), generator, DropPathRows);
}
