using Nvg.Torch;

namespace Nvg.Generators.Blocks;

/// <summary>Training options of a stack of blocks: drop path, activation checkpoints, and the hidden state after one block.</summary>
public sealed class BlockTraining
{
    // Drop rate of the deepest block of a model of depth 24 (paper, equation 8; docs/method.md, section 4.1).
    private const double MaximumDropPath = 0.1;
    private const double ReferenceDepth = 24;

    /// <summary>Draws the sequences that drop path drops; null disables drop path.</summary>
    public RandomGenerator? DropPathGenerator { get; init; }

    /// <summary>Rows of the sequences within the whole batch; null if they are the whole batch. Borrowed.</summary>
    public DropPathRows? DropPathRows { get; init; }

    /// <summary>Whether blocks are recomputed in the backward pass to save memory; see <see cref="ActivationCheckpoint"/>.</summary>
    public bool Checkpoints { get; init; }

    /// <summary>One-based index of the block whose output is kept in <see cref="Hidden_NTW"/>; 0 for none.</summary>
    public int HiddenBlock { get; init; }

    /// <summary>Output of block <see cref="HiddenBlock"/>; the caller disposes it.</summary>
    public Tensor? Hidden_NTW { get; private set; }

    /// <summary>Runs the blocks one after another.</summary>
    /// <param name="blocks">The stack.</param>
    /// <param name="sampling">The same blocks prepared for sampling, which run instead; or null.</param>
    /// <param name="tokens_NTW">Its input.</param>
    /// <param name="modulations">Shift, scale and gate for each block, N × 3 W.</param>
    /// <param name="rotary">Rotations of the tokens.</param>
    /// <param name="training">Training options, or null outside training.</param>
    /// <exception cref="InvalidOperationException">Training is requested for blocks that are prepared for sampling.</exception>
    internal static Tensor Run(
        TransformerBlock[] blocks, IBlockStack? sampling, Tensor tokens_NTW, Tensor[] modulations, Tensor rotary, BlockTraining? training)
    {
        if (sampling is null)
            return Run(blocks, tokens_NTW, modulations, rotary, training);
        return training is null
            ? sampling.Run(tokens_NTW, modulations, rotary)
            : throw new InvalidOperationException("a packed generator cannot be trained: train the generator that it was packed from");
    }

    /// <summary>Runs the blocks one after another.</summary>
    /// <param name="blocks">The stack.</param>
    /// <param name="tokens_NTW">Its input.</param>
    /// <param name="modulations">Shift, scale and gate for each block, N × 3 W.</param>
    /// <param name="rotary">Rotations of the tokens.</param>
    /// <param name="training">Training options, or null outside training.</param>
    internal static Tensor Run(
        TransformerBlock[] blocks, Tensor tokens_NTW, Tensor[] modulations, Tensor rotary, BlockTraining? training = null)
    {
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
    private TransformerBlock.DropPath? DropPath(int block, int depth)
    {
        if (DropPathGenerator is not { } generator)
            return null;
        double probability = depth == 1 ? 0 : MaximumDropPath * depth / ReferenceDepth * block / (depth - 1);
        return new TransformerBlock.DropPath(probability, generator, DropPathRows);
    }
}
