namespace Nvg.Torch.Nn;

/// <summary>Initial distributions of parameters.</summary>
public enum InitializationKind
{
    /// <summary>A constant.</summary>
    Constant,

    /// <summary>Normal.</summary>
    Normal,

    /// <summary>Uniform around zero.</summary>
    Uniform,

    /// <summary>Uniform, with a bound that depends on the mean of fan in and fan out.</summary>
    XavierUniform,

    /// <summary>Uniform, with a bound that depends on fan in.</summary>
    FanInUniform,
}
