using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>The content of one stage. The tensors belong to the scope that the object is created in.</summary>
/// <remarks>Shapes: B images, R images that a network computed, L positions, N clusters, C latent channels, V codes.</remarks>
/// <param name="Predicted_NLC">
/// x̂ of the conditional passes, then of the unconditional ones, with token features; null if no pass ran.
/// </param>
/// <param name="Logits_RNV">Guided logits; null if no pass ran.</param>
/// <param name="Tokens_BN">One token per cluster; the largest index if a cluster uses several because of a border.</param>
/// <param name="Tokens_BL">Tokens by position.</param>
internal sealed record StageContent(Tensor? Predicted_NLC, Tensor? Logits_RNV, Tensor Tokens_BN, Tensor Tokens_BL);
