using Nvg.Training.Planning.Facts;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Training.Planning;

/// <summary>Sizes of the networks of a plan, chosen before the number of steps is known.</summary>
/// <param name="Tokenizer">Settings of the tokenizer, for a single step.</param>
/// <param name="Depth">Depth of the generators.</param>
/// <param name="ContentStages">Content stages per image and step.</param>
/// <param name="StructureStages">Structure stages per image and step.</param>
/// <param name="ClassifierChannels">Channels of the classifier's blocks; empty without one.</param>
internal sealed record PlannedSizes(
    TokenizerRunConfig Tokenizer, int Depth, int ContentStages, int StructureStages, IReadOnlyList<int> ClassifierChannels)
{
    /// <summary>Side of the images.</summary>
    internal int Size => Tokenizer.Tokenizer.ImageSize;

    /// <summary>Estimated rates on a machine.</summary>
    internal StageRates Estimate(MachineFacts machine) =>
        CostModel.Estimate(machine, Tokenizer, Depth, (ContentStages, StructureStages), ClassifierChannels);
}
