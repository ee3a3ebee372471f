namespace Nvg.Conditioning;

/// <summary>How the tokens of a cluster are chosen when the token is given at some of its positions and not at others.</summary>
public enum BorderRule
{
    /// <summary>The cluster uses two tokens: given positions keep theirs, the other positions share a newly drawn one.</summary>
    Split,

    /// <summary>
    /// The whole cluster uses a given token, so that only clusters without given positions change. Where the given positions
    /// of a cluster have several tokens, as an earlier border leaves them, they keep these, and the other positions take the
    /// most frequent one; of equally frequent ones, that of the first position.
    /// </summary>
    Keep,
}
