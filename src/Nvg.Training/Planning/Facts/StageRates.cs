namespace Nvg.Training.Planning.Facts;

/// <summary>Rates at which networks of given sizes train on a machine, measured or estimated.</summary>
public sealed record StageRates
{
    /// <summary>Images per second in the training of the tokenizer.</summary>
    public required double Tokenizer { get; init; }

    /// <summary>Images per second in the training of the generators.</summary>
    public required double Generator { get; init; }

    /// <summary>Images per second in the training of the classifier; 0 without one.</summary>
    public double Classifier { get; init; }

    /// <summary>Images per second that the tokenizer encodes for the generators.</summary>
    public required double Encoding { get; init; }

    /// <summary>Images per second that the model generates.</summary>
    public required double Sampling { get; init; }

    /// <summary>Whether the rates were measured rather than estimated.</summary>
    public bool IsMeasured { get; init; }
}
