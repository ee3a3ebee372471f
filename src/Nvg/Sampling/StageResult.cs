using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>What one stage of the loop computed, shown to an observer; the tensors live until the observer returns.</summary>
/// <param name="Stage">i.</param>
/// <param name="Predicted_NLC">x̂ of the conditional passes, then of the unconditional ones where they ran; null where content was given.</param>
/// <param name="Logits_BNV">Guided logits; null where content was given.</param>
/// <param name="Labels_BL">Structure map of the stage.</param>
/// <param name="Tokens_BN">Tokens of the stage.</param>
/// <param name="Canvas_BLC">Canvas after the stage.</param>
/// <param name="StructureScores_BL">What the next split was ranked by; null after the last stage and where the next map was given.</param>
/// <param name="NextLabels_BL">Structure map of the next stage; null after the last.</param>
/// <param name="StructureSteps">Steps that the structure flow took; 0 where none ran.</param>
public sealed record StageResult(
    int Stage, Tensor? Predicted_NLC, Tensor? Logits_BNV, Tensor Labels_BL, Tensor Tokens_BN, Tensor Canvas_BLC, Tensor? StructureScores_BL, Tensor? NextLabels_BL, int StructureSteps);
