using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>The results of one stage of the generation loop, for observers. The tensors live until the observer returns.</summary>
/// <remarks>
/// Shapes: B images, R images that a network computed, L positions, N = 2^i clusters, C latent channels, V codes. If content or structure
/// is completely given for all images, no network runs.
/// </remarks>
public sealed record StageResult
{
    private StageResult(StageContext context, StageContent content, Tensor canvas_BLC, StageSplit? split)
    {
        Context = context;
        (Predicted_NLC, Logits_RNV, Tokens_BN) = (content.Predicted_NLC, content.Logits_RNV, content.Tokens_BN);
        (Canvas_BLC, StructureScores_RL, NextLabels_BL) = (canvas_BLC, split?.Scores_RL, split?.Labels_BL);
        StructureSteps = split?.Steps ?? 0;
    }

    /// <summary>The stage (i).</summary>
    public int Stage => Context.Stage;

    /// <summary>
    /// x̂ of the conditional passes and then, with guidance, of the unconditional ones, followed by their token features if the model has
    /// any (<see cref="Generators.ContentGenerator.CanvasOf"/>); null if no pass ran.
    /// </summary>
    public Tensor? Predicted_NLC { get; }

    /// <summary>Guided logits, R × N × V; null if no pass ran.</summary>
    public Tensor? Logits_RNV { get; }

    /// <summary>Structure map of the stage.</summary>
    public Tensor Labels_BL => Context.Labels_BL;

    /// <summary>Tokens of the stage, one per cluster; the largest index if a cluster uses several because of a border.</summary>
    public Tensor Tokens_BN { get; }

    /// <summary>Canvas after the stage.</summary>
    public Tensor Canvas_BLC { get; }

    /// <summary>
    /// The channel that ranks the positions of each cluster for its split, R × L, before given parts and Gumbel noise are applied: the end
    /// of the flow, or the noise itself in the last split. Null after the last stage and if all labels were given.
    /// </summary>
    public Tensor? StructureScores_RL { get; }

    /// <summary>Structure map of the next stage; null after the last.</summary>
    public Tensor? NextLabels_BL { get; }

    /// <summary>Number of Euler steps of the structure flow; 0 if it did not run.</summary>
    public int StructureSteps { get; }

    /// <summary>The inputs of the stage; its canvas is the one before the stage.</summary>
    internal StageContext Context { get; }

    internal static StageResult Create(StageContext context, StageContent content, Tensor canvas_BLC, StageSplit? split) =>
        new(context, content, canvas_BLC, split);
}
