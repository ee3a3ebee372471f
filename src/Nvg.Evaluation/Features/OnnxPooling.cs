namespace Nvg.Evaluation.Features;

/// <summary>How several feature vectors of an image become one.</summary>
public enum OnnxPooling
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>The first vector: the class token of a transformer.</summary>
    First,
}
