using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>The content of one stage. Its tensors belong to the scope it is created in.</summary>
/// <remarks>Shapes: B images, R images that a network computed, L positions, N clusters, C latent channels, V codes.</remarks>
/// <param name="Predicted_NLC">x̂ of the conditional and then the unconditional passes, with token features; null where none ran.</param>
/// <param name="Logits_RNV">Guided logits; null where no pass ran.</param>
/// <param name="Tokens_BN">One token per cluster; the largest number where a border makes a cluster use several.</param>
/// <param name="Tokens_BL">Tokens by position.</param>
internal sealed record StageContent(Tensor? Predicted_NLC, Tensor? Logits_RNV, Tensor Tokens_BN, Tensor Tokens_BL);
