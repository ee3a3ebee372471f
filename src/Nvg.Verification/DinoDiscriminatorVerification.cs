using Nvg.Pretrained;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Adversarial;
using Nvg.Training.Optimization;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;

namespace Nvg.Verification;

/// <summary>Checks the projected discriminator: activations of its frozen transformer, logits, gradients and one training pass.</summary>
internal static class DinoDiscriminatorVerification
{
    private const string Heads = "heads.", Backbone = "param.dino_proxy.";
    private static readonly Tolerance Activation = new(1e-4, 1e-4);

    internal static void Run(Fixture fixture)
    {
        fixture.Require("norm_type", "bn");
        fixture.Require("virtual_bs", "8");
        fixture.Require("ks", "9");
        fixture.Require("n_power_iterations", "1");
        var backbone = new VisionTransformer(fixture.Parameters(Backbone), Config(fixture));
        using var parameters = new ParameterStore();
        using var discriminator = new DinoDiscriminator(
            new ParameterPath(parameters, fixture.Parameters("param.")) / "heads", backbone, fixture.Integers("key_depths"));
        using (ParameterStore placed = Prefixed(backbone.Parameters))
            fixture.CheckParameters("param.", parameters, placed);
        Fixture.RequireGradients(parameters);
        CheckEvaluation(fixture, discriminator, backbone);
        CheckTraining(fixture, discriminator, parameters);
    }

    private static VisionTransformerConfig Config(Fixture fixture) => new()
    {
        Width = fixture.Integer("embed_dim"),
        Depth = fixture.Integer("depth"),
        PatchSize = fixture.Integer("patch_size"),
        TableSide = fixture.Integer("img_size") / fixture.Integer("patch_size"),
        HeadCount = fixture.Integer("num_heads"),
        MlpWidth = (int)(fixture.Integer("embed_dim") * fixture.Number("mlp_ratio")),
        ApproximateGelu = true,
    };

    private static void CheckEvaluation(Fixture fixture, DinoDiscriminator discriminator, VisionTransformer backbone)
    {
        using var scope = new TensorScope();
        Tensor image = fixture.DifferentiableInput("image");
        Tensor[] activations = discriminator.Activations(discriminator.Fit(backbone.Normalize(image), new HostRandom(0)));
        for (int i = 0; i < activations.Length; i++)
        {
            fixture.Check($"activation_{i}", activations[i], Activation);
            fixture.Check($"head_{i}_logits", discriminator.HeadLogits(i, activations[i]), Activation);
        }

        foreach ((string name, Tensor weight) in discriminator.Weights())
            fixture.Check($"effective.{Heads}{name}.weight", weight, Activation);
        Tensor logits = discriminator.Forward(image, training: false, new HostRandom(0));
        fixture.Check("logits", logits, Activation);
        fixture.CheckGradients((logits * fixture.Input("upstream")).Sum(), [("grad_image", image)], Activation);
    }

    private static void CheckTraining(Fixture fixture, DinoDiscriminator discriminator, ParameterStore parameters)
    {
        using var scope = new TensorScope();
        fixture.Check("train_logits", discriminator.Forward(fixture.Input("image"), training: true, new HostRandom(0)), Activation);
        foreach (string name in fixture.Following("after_train.").ToList())
            fixture.Check("after_train." + name, parameters[name], Activation);
    }

    // Tables that the transformer computes have a different prefix in the file.
    private static ParameterStore Prefixed(IReadOnlyDictionary<string, Tensor> backbone)
    {
        var store = new ParameterStore();
        foreach ((string name, Tensor tensor) in backbone)
            store.Add("dino_proxy." + name, tensor.Alias(), isBuffer: true);
        return store;
    }
}
