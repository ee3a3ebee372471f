namespace Nvg.Granularity;

/// <summary>What happens to a cluster that has positions whose token is given and others whose token is not.</summary>
public enum BorderRule
{
    /// <summary>The cluster uses two tokens: its given positions keep theirs, the others get a token of their own.</summary>
    Split,

    /// <summary>The whole cluster uses the given token; what is not given changes only in clusters that have no given position.</summary>
    Keep,
}
