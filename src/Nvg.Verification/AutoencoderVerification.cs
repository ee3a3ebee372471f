using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;

namespace Nvg.Verification;

/// <summary>Checks the forward passes of the encoder and decoder, and the gradient with respect to the image.</summary>
internal static class AutoencoderVerification
{
    private static readonly Tolerance Latent = new(1e-4, 3e-5);
    private static readonly Tolerance Image = new(1e-4, 1e-4);
    private static readonly Tolerance Gradient = new(1e-3, 2e-3);

    internal static void Run(Fixture fixture)
    {
        fixture.Require("cnn_attention", "no");
        fixture.Require("use_vae", "False");
        Tensor image = fixture.DifferentiableInput("image");
        var config = new TokenizerConfig
        {
            ImageSize = (int)image.Size(-1),
            BaseChannels = fixture.Integer("base_ch"),
            ChannelMultipliers = fixture.Integers("ch_mult"),
            ResNetBlocks = fixture.Integer("num_res_blocks"),
            LatentChannels = fixture.Integer("z_channels"),
            NormGroups = fixture.Integer("norm_groups"),
            CodebookSize = 2, // unused: there is no quantizer
        };
        using var parameters = new ParameterStore();
        var root = new ParameterPath(parameters, fixture.Parameters("param."));
        var encoder = new Encoder(root / "encoder", config);
        var decoder = new Decoder(root / "decoder", config);
        fixture.CheckParameters("param.", parameters);

        Tensor latent = encoder.Forward(image);
        fixture.Check("latent", latent, Latent);
        Tensor decoded = decoder.Forward(latent);
        fixture.Check("decoded", decoded, Image);
        fixture.Check("decoded_clamped", decoded.Clamp(-1, 1), Image);
        fixture.CheckGradients(decoded.Sum(), [("grad_image", image)], Gradient);
    }
}
