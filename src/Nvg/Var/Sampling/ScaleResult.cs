using Nvg.Torch;

namespace Nvg.Var.Sampling;

/// <summary>The results of one scale of the sampling loop, for observers. The tensors live until the observer returns.</summary>
/// <remarks>Shapes: B images, T tokens of the scale, n = side of the latent, C latent channels, V codes.</remarks>
/// <param name="Scale">Zero-based index of the scale.</param>
/// <param name="Input_BTC">The canvas as input of the transformer; null at the first scale.</param>
/// <param name="Logits_BTV">Guided logits before filtering.</param>
/// <param name="Tokens_BT">Drawn tokens of all positions, including those whose given token is kept.</param>
/// <param name="Canvas_BCHW">Canvas after the scale, B × C × n × n.</param>
public sealed record ScaleResult(int Scale, Tensor? Input_BTC, Tensor Logits_BTV, Tensor Tokens_BT, Tensor Canvas_BCHW);
