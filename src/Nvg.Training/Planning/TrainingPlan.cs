using System.Text.Json.Serialization;
using Nvg.Training.Planning.Facts;
using Nvg.Training.Tasks.Classifiers;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Training.Planning;

/// <summary>Plan for training a model on a collection of images: facts, choices with their reasons, settings and predicted times.</summary>
public sealed record TrainingPlan
{
    /// <summary>The request.</summary>
    public required PlanRequest Request { get; init; }

    /// <summary>The images.</summary>
    public required DataFacts Data { get; init; }

    /// <summary>The machine.</summary>
    public required MachineFacts Machine { get; init; }

    /// <summary>The rates from which the times are computed.</summary>
    public required StageRates Rates { get; init; }

    /// <summary>Side of the images, in pixels.</summary>
    public required int Size { get; init; }

    /// <summary>Number of images held out to measure the model.</summary>
    public required int HeldOut { get; init; }

    /// <summary>Whether the classes of the data are ignored, because they are too small to be learned.</summary>
    public required bool IgnoresClasses { get; init; }

    /// <summary>The choices and their reasons, in the order of the work.</summary>
    public required IReadOnlyList<PlanChoice> Choices { get; init; }

    /// <summary>What can be expected of the model, one sentence each.</summary>
    public required IReadOnlyList<string> Expectations { get; init; }

    /// <summary>Settings of the tokenizer's run.</summary>
    public required TokenizerRunConfig Tokenizer { get; init; }

    /// <summary>Settings of the classifier's run; null if none is trained.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ClassifierRunConfig? Classifier { get; init; }

    /// <summary>Settings of the generators' run.</summary>
    public required GeneratorRunConfig Generator { get; init; }

    /// <summary>The stages with their predicted times, in order.</summary>
    public required IReadOnlyList<PlannedStage> Stages { get; init; }

    /// <summary>Predicted time of all stages.</summary>
    public double Seconds => Stages.Sum(stage => stage.Seconds);

    /// <summary>The stage of a name.</summary>
    /// <exception cref="InvalidOperationException">The plan has no such stage.</exception>
    public PlannedStage Stage(string name) => Stages.First(stage => stage.Name == name);

    /// <summary>All problems with the settings; empty if there are none.</summary>
    public IEnumerable<string> Validate() =>
        [.. Tokenizer.Validate(), .. Classifier?.Validate() ?? [], .. Generator.Validate()];
}
