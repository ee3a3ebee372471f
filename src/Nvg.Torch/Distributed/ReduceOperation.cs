namespace Nvg.Torch.Distributed;

/// <summary>How an all-reduce combines the processes' values.</summary>
public enum ReduceOperation
{
    /// <summary>The sum.</summary>
    Sum = 0,

    /// <summary>The maximum.</summary>
    Maximum = 1,
}
