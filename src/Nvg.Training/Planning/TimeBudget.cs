namespace Nvg.Training.Planning;

/// <summary>How the time of a plan is divided, in seconds.</summary>
/// <param name="Preparation">Reading and packing the images, and measuring the rates.</param>
/// <param name="Tokenizer">Training of the tokenizer.</param>
/// <param name="Classifier">Training of the classifier; 0 without one.</param>
/// <param name="Generator">Encoding, and training of the generators.</param>
/// <param name="Measurement">Measuring the model.</param>
public sealed record TimeBudget(double Preparation, double Tokenizer, double Classifier, double Generator, double Measurement)
{
    // With a small budget, the generators determine the quality of images, so the tokenizer gets only a third of the training time.
    private const double TokenizerShare = 1.0 / 3;

    private const double RateShare = 0.04, LongestRates = 90, ShortestRates = 4;
    private const double MeasurementShare = 0.05, LongestMeasurement = 900, ShortestMeasurement = 8;
    // Minimum number of images that are generated for display and measurement, and the total measuring time as a multiple of theirs.
    private const double MeasuredImages = 96, MeasurementOverhead = 1.5, MostMeasurementShare = 0.15;

    private const double ClassifierShare = 0.05, LongestClassifier = 1200, ShortestClassifier = 10;

    // Number of large photographs that a thread decodes and packs per second.
    private const double PackedPerThread = 100;

    /// <summary>Time for measuring the rates.</summary>
    /// <param name="total">Time for everything.</param>
    internal static double Rates(double total) => Math.Clamp(RateShare * total, ShortestRates, LongestRates);

    /// <summary>Divides the time.</summary>
    /// <param name="total">Time for everything.</param>
    /// <param name="images">Images to pack; 0 if they are prepared.</param>
    /// <param name="threads">Number of decoding threads.</param>
    /// <param name="withClassifier">Whether a classifier is useful.</param>
    /// <param name="sampling">Images per second that the model generates, if measured.</param>
    internal static TimeBudget Divide(double total, int images, int threads, bool withClassifier, double? sampling = null)
    {
        double preparation = Rates(total) + images / (PackedPerThread * threads);
        double measurement = Math.Clamp(MeasurementShare * total, ShortestMeasurement, LongestMeasurement);
        if (sampling is { } rate)
        {
            double needed = Math.Min(MeasurementOverhead * MeasuredImages / rate, MostMeasurementShare * total);
            measurement = Math.Max(measurement, needed);
        }

        double classifier = withClassifier && ClassifierShare * total >= ShortestClassifier
            ? Math.Min(ClassifierShare * total, LongestClassifier)
            : 0;
        double training = Math.Max(0, total - preparation - measurement - classifier);
        return new TimeBudget(preparation, TokenizerShare * training, classifier, (1 - TokenizerShare) * training, measurement);
    }
}
