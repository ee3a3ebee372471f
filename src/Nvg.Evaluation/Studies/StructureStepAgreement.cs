using Nvg.Generators;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Torch;

namespace Nvg.Evaluation.Studies;

/// <summary>
/// Effect of fewer structure flow steps on the splits. At every stage of images generated with reference steps, the split is
/// repeated with other step counts from the same canvas, structure map and noise, and compared position by position.
/// </summary>
/// <param name="Steps">The step counts compared.</param>
/// <param name="StageAgreement">Share of positions on the same side of the split, for each stage that the flow splits; chance is ½.</param>
/// <param name="StageSteps">Mean number of steps for each of these stages.</param>
public sealed record StructureStepAgreement(StructureSteps Steps, IReadOnlyList<double> StageAgreement, IReadOnlyList<double> StageSteps)
{
    /// <summary>Mean agreement over the stages.</summary>
    public double Agreement => StageAgreement.Average();

    /// <summary>Mean number of steps per image.</summary>
    public double StepsPerImage => StageSteps.Sum();

    /// <summary>Compares settings with the reference on images of all classes in turn.</summary>
    /// <param name="model">Borrowed.</param>
    /// <param name="images">Number of images; their seeds are 0, 1, …</param>
    /// <param name="reference">The step counts that the images are generated with.</param>
    /// <param name="candidates">The step counts to compare.</param>
    /// <param name="progress">Receives the number of images done, or null.</param>
    /// <param name="original">
    /// Another model that generates the images instead, such as the one that the model was distilled from; borrowed. It has the same sizes
    /// and tokenizer.
    /// </param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <exception cref="NvgDataException">The sizes or the tokenizers of the models differ.</exception>
    public static IReadOnlyList<StructureStepAgreement> Measure(
        NvgModel model, int images, StructureSteps reference, IReadOnlyList<StructureSteps> candidates,
        IProgress<int>? progress = null, NvgModel? original = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(images, 1);
        if (original is not null)
            RequireSameSizes(model, original);
        GeneratorConfig config = model.GeneratorConfig;
        int stages = config.StructureStageCount;
        SamplingOptions options = model.Config.Sampling with { StructureSteps = reference };
        var sampler = new NvgSampler(model.SamplingGenerator, model.Tokenizer.Quantizer);
        double[,] same = new double[candidates.Count, stages], taken = new double[candidates.Count, stages];
        for (int image = 0; image < images; image++)
        {
            void Compare(StageResult stage)
            {
                if (stage.Stage >= stages)
                    return;
                for (int i = 0; i < candidates.Count; i++)
                {
                    using var scope = new TensorScope();
                    StageSplit split = sampler.SampleStructure(stage.Context with
                    {
                        Canvas_BLC = stage.Canvas_BLC,
                        Options = options with { StructureSteps = candidates[i] },
                    });
                    same[i, stage.Stage] += split.Labels_BL.IsEqual(stage.NextLabels_BL!).To(ScalarType.Float32).Mean().Item();
                    taken[i, stage.Stage] += split.Steps;
                }
            }

            (original ?? model)
                .Sample([new ImageRequest(image % config.ClassCount, (ulong)image)], options, Compare, cancellation).Dispose();
            progress?.Report(image + 1);
        }

        return [.. candidates.Select((steps, i) => new StructureStepAgreement(
            steps,
            [.. Enumerable.Range(0, stages).Select(s => same[i, s] / images)],
            [.. Enumerable.Range(0, stages).Select(s => taken[i, s] / images)]))];
    }

    // The images of one model are split by the other, so a canvas and a class must have the same meaning for both.
    private static void RequireSameSizes(NvgModel model, NvgModel original)
    {
        if (!model.SharesSequencesWith(original))
            throw NvgDataException.At(original.Folder, "its images cannot be split by another model", "both need the same tokenizer");
    }
}
