using Nvg.Control;

namespace Nvg.Evaluation.Steering;

/// <summary>How well images follow given structure and content.</summary>
/// <param name="Count">Number of images of each part.</param>
/// <param name="Agreement">Agreement between given structure and the structure of the images, per stage.</param>
/// <param name="StructureKept">Share of images that keep all given labels; any value but 1 is a bug.</param>
/// <param name="SequenceKeptOutside">Share of images that keep all labels and tokens outside the mask; any value but 1 is a bug.</param>
/// <param name="Decoded">Mean change of pixels by in-painting, as decoded.</param>
/// <param name="Blended">Mean change of pixels with the surroundings restored.</param>
/// <param name="ClassChange">Result of changing the class inside the mask, or null without a classifier.</param>
public sealed record ControlReport(
    int Count, IReadOnlyList<StageAgreement> Agreement, double StructureKept, double SequenceKeptOutside,
    RegionChange Decoded, RegionChange Blended, ClassChange? ClassChange);
