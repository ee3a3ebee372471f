using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Generators;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;

namespace Nvg.Verification;

/// <summary>Checks the joint training pass of both generators: predictions, every loss term and gradients.</summary>
internal static class GeneratorTrainVerification
{
    private static readonly Tolerance Prediction = new(1e-5, 1e-5);
    private static readonly Tolerance Logits = new(1e-5, 3e-5);
    private static readonly Tolerance Loss = new(1e-5, 1e-5);
    private static readonly Tolerance Gradient = new(1e-3, 1e-6);

    // Name of a loss term in the training log → its name in the fixture.
    private static readonly Dictionary<string, string> Terms = new()
    {
        ["final"] = "final_loss",
        ["ce"] = "ce_loss",
        ["accuracy"] = "ce_acc",
        ["align"] = "repa_loss",
        ["structure"] = "structure_loss",
    };

    internal static void Run(Fixture fixture)
    {
        CheckWeights(fixture);
        GeneratorConfig config = FixtureGenerator.Config(fixture);
        using var generator = new NvgGenerator(config, fixture.Parameters("param."));
        using FeatureProjector? projector = fixture.Flag("use_repa") ? Projector(fixture, config) : null;
        ParameterStore[] stores = projector is null ? [generator.Parameters] : [generator.Parameters, projector.Parameters];
        fixture.CheckParameters("param.", stores);
        using GeneratorBatch batch = Batch(fixture, config.Grid, aligned: projector is not null);
        var loss = new GeneratorLoss(generator, projector);
        CheckPredictions(fixture, loss, batch, aligned: projector is not null);
        CheckLossAndGradients(fixture, loss, batch, stores);
    }

    // The weights of the terms are fixed by the method.
    private static void CheckWeights(Fixture fixture)
    {
        fixture.Require("loss_weight_strategy", "uniform");
        fixture.Require("final_loss_scale", 1);
        fixture.Require("next_unique_loss_scale", 1);
        fixture.Require("structure_loss_scale", 1);
        if (fixture.Flag("use_repa"))
            fixture.Require("repa_loss_scale", 0.5);
    }

    private static FeatureProjector Projector(Fixture fixture, GeneratorConfig config) => new(
        fixture.Parameters("param."), config.ContentWidth, fixture.Integer("repa_projector_dim"), fixture.Integer("repa_dims"),
        fixture.Integer("repa_depth"));

    private static GeneratorBatch Batch(Fixture fixture, LatentGrid grid, bool aligned)
    {
        using var scope = new TensorScope();
        Tensor structure_BSL = fixture.Input("structure"), targets_BSL = fixture.Input("target_indices");
        Tensor u = fixture.Input("u");
        return new GeneratorBatch
        {
            Canvases_BSLC = Tensor.Cat([fixture.Input("img"), fixture.Input("final_target").Unsqueeze(1)], 1).Own(),
            Structure_BSL = structure_BSL.Own(),
            Content = [.. Enumerable.Range(0,
                grid.StageCount).Select(i => ClusterTokens(structure_BSL.Select(1, i), targets_BSL.Select(1, i), i).Own())],
            Class_B = fixture.Input("class_label").Own(),
            Epsilon_BLK = fixture.Input("epsilon").Squeeze(1).Own(),
            Time_BS = u.Reshape(u.Size(0), u.Size(1)).Sigmoid().Own(),
            Features_BLD = aligned ? fixture.Input("repa_target").Own() : null,
        };
    }

    // Converts codes per position to codes per cluster.
    private static Tensor ClusterTokens(Tensor labels_BL, Tensor codes_BL, int stage)
    {
        using var scope = new TensorScope();
        Tensor tokens_BN = Tensor.Zeros([labels_BL.Size(0), LatentGrid.ClusterCount(stage)], ScalarType.Int64, labels_BL.Device).Scatter(1,
            labels_BL, codes_BL);
        return tokens_BN.Gather(1, labels_BL).IsEqual(codes_BL).All().Item() != 0
            ? scope.Keep(tokens_BN)
            : throw new InvalidDataException($"target_indices of stage {stage} differ within a cluster");
    }

    private static void CheckPredictions(Fixture fixture, GeneratorLoss loss, GeneratorBatch batch, bool aligned)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        using var log = new LossLog();
        List<Tensor> predicted = [], features = [], structures = [], targets = [];
        loss.Content(batch, log, null, prediction =>
        {
            predicted.Add(prediction.Predicted_NLC.Clone().Own());
            if (prediction.Features_NLD is { } hidden)
                features.Add(hidden.Clone().Own());
            fixture.Check($"logits_{prediction.Stage}", prediction.Logits_NMV, Logits);
        });
        loss.Structure(batch, log, null, prediction =>
        {
            structures.Add(prediction.Predicted_NLK.Clone().Own());
            targets.Add(prediction.Target_NLK.Clone().Own());
        });
        CheckStages(fixture, "x0_hat", predicted, Prediction);
        if (aligned)
            CheckStages(fixture, "repa_features", features, Prediction);
        CheckStages(fixture, "structure_logits", structures, Prediction);
        CheckStages(fixture, "structure_target", targets, Tolerance.Exact);
    }

    private static void CheckStages(Fixture fixture, string name, List<Tensor> stages, Tolerance tolerance)
    {
        using Tensor joined = Tensor.Stack([.. stages], 1);
        fixture.Check(name, joined, tolerance);
        foreach (Tensor stage in stages)
            stage.Dispose();
    }

    private static void CheckLossAndGradients(Fixture fixture, GeneratorLoss loss, GeneratorBatch batch, ParameterStore[] stores)
    {
        using var scope = new TensorScope();
        using var log = new LossLog();
        Fixture.RequireGradients(stores);
        Tensor total = loss.Compute(batch, log);
        foreach ((string term, double value) in log.TakeMeans())
        {
            string[] parts = term.Split('_');
            fixture.Check($"{Terms[parts[0]]}_{parts[1]}", Tensor.Scalar(value, ScalarType.Float64), Loss);
        }

        fixture.Check("loss", total, Loss);
        fixture.CheckGradients(
            total, [.. fixture.Following("grad.").Select(n => ("grad." + n, stores.First(s => s.ContainsKey(n))[n]))], Gradient);
    }
}
