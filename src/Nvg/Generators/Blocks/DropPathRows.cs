using Nvg.Torch;

namespace Nvg.Generators.Blocks;

/// <summary>
/// Rows of the sequences of a pass within a larger batch. Drop path draws for the whole batch, so that its choice does not depend on
/// how the batch is divided.
/// </summary>
/// <param name="Row_N">Row of each sequence; borrowed.</param>
/// <param name="Total">Number of sequences of the whole batch.</param>
public sealed record DropPathRows(Tensor Row_N, long Total);
