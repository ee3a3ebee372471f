using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Tasks.Generators;
using Nvg.Verification.Checks;

namespace Nvg.Verification.Tests;

/// <summary>Fixtures of other sizes than the shared ones, with fresh parameters: sizes must come from the file.</summary>
public class FixtureSizesTests
{
    private const int Side = 4, Length = Side * Side, LastStage = 4, Channels = 8, Codes = 24, Classes = 3;

    [Fact]
    public void Run_SmallerAutoencoder_MatchesItself()
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy();
        using var generator = new RandomGenerator(1);
        using var parameters = new ParameterStore();
        var root = new ParameterPath(parameters, ParameterSource.Random(2));
        var config = new TokenizerConfig
        {
            ImageSize = 16,
            BaseChannels = 4,
            ChannelMultipliers = [1, 3],
            ResNetBlocks = 1,
            LatentChannels = 5,
            NormGroups = 2,
            CodebookSize = 2,
        };
        var encoder = new Encoder(root / "encoder", config);
        var decoder = new Decoder(root / "decoder", config);
        foreach ((string name, Tensor value) in parameters)
            copy.Set($"param.{name}", value.Clone());
        Metadata(copy, "base_ch=4|ch_mult=[1, 3]|num_res_blocks=1|z_channels=5|norm_groups=2|cnn_attention=no|use_vae=False");
        Tensor image = Tensor.Randn([3, 3, 16, 16], generator);
        image.RequiresGrad = true;
        Tensor latent = encoder.Forward(image), decoded = decoder.Forward(latent);
        copy.Set("grad_image", Autograd.Gradients(decoded.Sum(), [image])[0]!);
        copy.Set("image", image.Detach());
        copy.Set("latent", latent.Detach());
        copy.Set("decoded", decoded.Detach());
        copy.Set("decoded_clamped", decoded.Detach().Clamp(-1, 1));
        AssertRunsThrough(copy, folder, "autoencoder", lacking: []);
    }

    [Fact]
    public void Run_SmallerQuantizer_RunsThrough()
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy();
        using var generator = new RandomGenerator(3);
        AddQuantizer(copy, "param.");
        Metadata(
            copy,
            $"n_e={Codes}|e_dim={Channels}|beta=0.25|v_patch_nums=[1, 2, 4, 8, 16]|quant_resi=0.5"
                + "|share_quant_resi=0|smooth_end_epoch=1|warm_epoch=0");
        copy.Set("f", Tensor.Randn([3, Channels, Side, Side], generator));
        copy.Set("fwd_g", Tensor.Randn([3, Channels, Side, Side], generator));
        copy.Set("warm_g", Tensor.Randn([3, Channels, Side, Side], generator));
        copy.Set("nvg_input", Tensor.Zeros([3, LastStage + 1, Length, Channels + 2]));
        AssertRunsThrough(copy, folder, "quantizer", "f_hats", "fwd_vq_loss_4", "warm_indices_4", "fwd_grad_z", "warm_grad_phi4_bias");
    }

    [Fact]
    public void Run_SmallerDeeperGeneratorTrain_RunsThrough()
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy();
        using var random = new RandomGenerator(4);
        const int batch = 3, depth = 4, features = 6;
        GeneratorMetadata(copy, depth);
        Metadata(
            copy,
            $"use_repa=True|repa_depth=3|repa_dims={features}|repa_projector_dim=10"
                + "|loss_weight_strategy=uniform|final_loss_scale=1.0|next_unique_loss_scale=1.0|structure_loss_scale=1"
                + "|repa_loss_scale=0.5");
        AddGenerator(copy, depth);
        using (var projector = new FeatureProjector(ParameterSource.Random(5), 64 * depth, 10, features, 3))
        {
            foreach ((string name, Tensor value) in projector.Parameters)
                copy.Set($"param.{name}", value.Clone());
        }

        Tensor labels_BSL = StructureConstruction.Build(Tensor.Randn([batch, Length, Channels], random));
        copy.Set("structure", labels_BSL);
        copy.Set("target_indices", labels_BSL * 1);
        copy.Set("img", Tensor.Randn([batch, LastStage + 1, Length, Channels], random));
        copy.Set("final_target", Tensor.Randn([batch, Length, Channels], random));
        copy.Set("class_label", Tensor.From([0L, Classes, 1L], batch));
        copy.Set("epsilon", Tensor.Randn([batch, 1, Length, LastStage], random));
        copy.Set("u", Tensor.Randn([batch, LastStage - 1, 1, 1], random));
        copy.Set("repa_target", Tensor.Randn([batch, Length, features], random));
        copy.Set("grad.cls_head.linear.weight", Tensor.Zeros([Codes, Channels]));
        AssertRunsThrough(
            copy, folder, "generator_train", "x0_hat", "logits_4", "repa_features", "repa_loss_4", "structure_loss_2", "structure_logits",
            "loss");
    }

    [Fact]
    public void Run_SmallerGenerate_RunsThrough()
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy();
        using var random = new RandomGenerator(6);
        const int batch = 2, depth = 2;
        GeneratorMetadata(copy, depth);
        Metadata(
            copy,
            $"vq_n_e={Codes}|vq_e_dim={Channels}|vq_quant_resi=0.5|vq_share_quant_resi=0"
                + "|top_k=[1, 1, 1, 1, 1]|top_p=[1.0, 1.0, 1.0, 1.0, 1.0]|temperature=1.0"
                + "|structure_sampling_step=3|use_gumbel_topk=False|content_use_cfg=True|structure_use_cfg=True");
        AddGenerator(copy, depth);
        AddQuantizer(copy, "vq.");
        copy.Set("class_label", Tensor.From([2L, 0L], batch));
        copy.Set("structure_noise", Tensor.Randn([batch, Length, LastStage], random));
        copy.Set("content_cfg", Tensor.From([1f, 1.5f, 2, 2.5f, 3], LastStage + 1));
        copy.Set("structure_cfg", Tensor.From([2f, 1, 2, 2.5f, 3], LastStage + 1));
        AssertRunsThrough(copy, folder, "generate", "pred_4", "logits_4", "x0_hat_0", "canvas_4", "structure_3", "structure_score_3");
    }

    private static void AddQuantizer(FixtureCopy copy, string prefix)
    {
        using var parameters = new ParameterStore();
        _ = new Quantizer(new ParameterPath(parameters, ParameterSource.Random(7)),
            new TokenizerConfig
            {
                ImageSize = Side,
                BaseChannels = 1,
                NormGroups = 1,
                ChannelMultipliers = [1],
                LatentChannels = Channels,
                CodebookSize = Codes,
            });
        foreach ((string name, Tensor value) in parameters)
            copy.Set(prefix + name, value.Clone());
    }

    private static void AddGenerator(FixtureCopy copy, int depth)
    {
        using var generator = new NvgGenerator(
            new GeneratorConfig
            {
                LatentHeight = Side,
                LatentWidth = Side,
                LatentChannels = Channels,
                CodebookSize = Codes,
                ClassCount = Classes,
                Depth = depth,
            },
            ParameterSource.Random(8));
        foreach ((string name, Tensor value) in generator.Parameters)
            copy.Set($"param.{name}", value.Clone());
    }

    private static void GeneratorMetadata(FixtureCopy copy, int depth) => Metadata(copy,
        $"vocab_size={Codes}|num_tokens=[1, 2, 4, 8, 16]|mlp_ratio=4|depth={depth}|head_dim=64"
        + $"|drop_path=False|disable_vec_head=True|img_input_channel={Channels}|num_classes={Classes}|structure_down_factor=2");

    private static void Metadata(FixtureCopy copy, string pairs)
    {
        foreach (string pair in pairs.Split('|'))
            copy.Metadata[pair.Split('=')[0]] = pair.Split('=')[1];
    }

    // Outputs that the file lacks fail by name; nothing else may go wrong, and every tensor has its account.
    private static void AssertRunsThrough(FixtureCopy copy, TemporaryFolder folder, string kind, params string[] lacking)
    {
        FixtureReport report = FixtureVerification.RunFile(copy.Write(folder, kind), Device.Cpu);
        Assert.Empty(report.NotCovered);
        Assert.DoesNotContain(report.Checks, c => c.Name == "(file)");
        foreach (string name in lacking)
            Assert.Contains(report.Checks, c => c.Name == name && c.Detail!.Contains("has no such tensor", StringComparison.Ordinal));
        if (lacking.Length == 0)
            Assert.Equal(0, report.Failed);
    }
}
