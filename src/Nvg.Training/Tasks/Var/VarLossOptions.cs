namespace Nvg.Training.Tasks.Var;

/// <summary>Settings of the loss of VAR's transformer, and of how a new one starts.</summary>
public sealed record VarLossOptions
{
    /// <summary>Share of images whose class is replaced by the null class.</summary>
    public double NullClassShare { get; init; } = 0.1;

    /// <summary>Label smoothing: the share of the target that is spread evenly over all codes; 0 in the published recipes.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Whether drop path is used, with a rate that rises to 0.1 · depth/24.</summary>
    public bool DropPath { get; init; } = true;

    /// <summary>
    /// Factor on the start of the matrices that gate the branches of new blocks: 1e-3 for depth 16 and 20, 1e-4 for 24, 1e-5 for 30,
    /// 5e-6 for 36.
    /// </summary>
    public double GateFactor { get; init; } = 1e-3;

    /// <summary>All problems with the settings; empty if there are none.</summary>
    public IEnumerable<string> Validate()
    {
        if (NullClassShare is not (>= 0 and < 1) || LabelSmoothing is not (>= 0 and < 1))
            yield return "nullClassShare and labelSmoothing must be in [0, 1)";
        if (GateFactor is not (>= 0 and <= 1))
            yield return "gateFactor must be in [0, 1]";
    }
}
