using Nvg.Torch;

namespace Nvg.Generators;

/// <summary>
/// Where the sequences of a pass lie among those of a whole batch, of which they are a part: drop path draws for all of them,
/// so that what it leaves out does not depend on how the batch is divided.
/// </summary>
/// <param name="Row_N">Row of each sequence; borrowed.</param>
/// <param name="Total">Sequences of the whole batch.</param>
public sealed record DropPathRows(Tensor Row_N, long Total);
