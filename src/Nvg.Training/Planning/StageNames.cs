namespace Nvg.Training.Planning;

/// <summary>Names of the stages of a plan, and of their folders.</summary>
public static class StageNames
{
    /// <summary>Reading and packing the images, and measuring the machine.</summary>
    public const string Preparation = "preparation";

    /// <summary>Training of the tokenizer.</summary>
    public const string Tokenizer = "tokenizer";

    /// <summary>Training of the classifier.</summary>
    public const string Classifier = "classifier";

    /// <summary>Training of the generators.</summary>
    public const string Generator = "generator";

    /// <summary>Measuring the model.</summary>
    public const string Measurement = "measurement";
}
