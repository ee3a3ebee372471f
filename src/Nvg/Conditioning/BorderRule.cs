namespace Nvg.Conditioning;

/// <summary>How the tokens of a cluster are chosen if the token is given at only some of its positions.</summary>
public enum BorderRule
{
    /// <summary>The cluster uses two tokens: given positions keep theirs, and the other positions share a newly drawn one.</summary>
    Split,

    /// <summary>
    /// The whole cluster uses a given token, so only clusters without given positions change. If the given positions of a cluster have
    /// several tokens because of an earlier border, they keep them, and the other positions take the most frequent token. Ties go to the
    /// token of the first position.
    /// </summary>
    Keep,
}
