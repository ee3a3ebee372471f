namespace Nvg.Torch.Nn;

/// <summary>Distributions that parameters start from.</summary>
public enum InitializationKind
{
    /// <summary>One number everywhere.</summary>
    Constant,

    /// <summary>Normal.</summary>
    Normal,

    /// <summary>Uniform around zero.</summary>
    Uniform,

    /// <summary>Uniform, bound by the mean of fan in and fan out.</summary>
    XavierUniform,

    /// <summary>Uniform, bound by fan in.</summary>
    FanInUniform,
}
