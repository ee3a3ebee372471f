using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>What one stage of the loop computed, shown to an observer; the tensors live until the observer returns.</summary>
/// <param name="Stage">i.</param>
/// <param name="Predicted_NLC">x̂ of the conditional passes, then of the unconditional ones where they ran; of images whose content was not wholly given, null where there are none.</param>
/// <param name="Logits_BNV">Guided logits of the same images.</param>
/// <param name="Labels_BL">Structure map of the stage.</param>
/// <param name="Tokens_BN">Tokens of the stage, one of each cluster's where a border makes it use several.</param>
/// <param name="Canvas_BLC">Canvas after the stage.</param>
/// <param name="StructureScores_BL">What the next split was ranked by, of images whose next map was not wholly given; null after the last stage and where there are none.</param>
/// <param name="NextLabels_BL">Structure map of the next stage; null after the last.</param>
/// <param name="StructureSteps">Steps that the structure flow took; 0 where none ran.</param>
public sealed record StageResult(
    int Stage, Tensor? Predicted_NLC, Tensor? Logits_BNV, Tensor Labels_BL, Tensor Tokens_BN, Tensor Canvas_BLC, Tensor? StructureScores_BL, Tensor? NextLabels_BL, int StructureSteps);
