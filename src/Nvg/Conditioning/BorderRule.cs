namespace Nvg.Conditioning;

/// <summary>What happens to a cluster that has positions whose token is given and others whose token is not.</summary>
public enum BorderRule
{
    /// <summary>The cluster uses two tokens: its given positions keep theirs, the others get a token of their own.</summary>
    Split,

    /// <summary>
    /// The whole cluster uses a given token; what is not given changes only in clusters that have no given position. Where the
    /// given positions of a cluster have several tokens, as an earlier border leaves them, they keep those, and the others
    /// take the one that most of them have; of equally many, that of the first position.
    /// </summary>
    Keep,
}
