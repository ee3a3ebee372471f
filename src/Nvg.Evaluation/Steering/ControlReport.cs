using Nvg.Control;

namespace Nvg.Evaluation.Steering;

/// <summary>How well images obey what is given.</summary>
/// <param name="Count">Images of each part.</param>
/// <param name="Agreement">Given structure against structure found again, by stage.</param>
/// <param name="StructureKept">Share of given labels that the sequences have; anything but 1 is an error.</param>
/// <param name="SequenceKeptOutside">Share of labels and tokens outside the mask that stayed; anything but 1 is an error.</param>
/// <param name="Decoded">Mean change of pixels by in-painting as the decoder gives them.</param>
/// <param name="Blended">The same with the surroundings put back.</param>
/// <param name="ClassChange">What a classifier says of images whose class was changed inside the mask, or null without one.</param>
public sealed record ControlReport(
    int Count, IReadOnlyList<StageAgreement> Agreement, double StructureKept, double SequenceKeptOutside, RegionChange Decoded, RegionChange Blended, ClassChange? ClassChange);
