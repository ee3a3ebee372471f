namespace Nvg.Torch.Distributed;

/// <summary>How an all-reduce combines the processes' values.</summary>
public enum ReduceOperation
{
    /// <summary>Their sum.</summary>
    Sum = 0,

    /// <summary>The largest.</summary>
    Maximum = 1,
}
