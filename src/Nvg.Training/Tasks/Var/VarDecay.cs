using Nvg.Torch.Nn;

namespace Nvg.Training.Tasks.Var;

/// <summary>The matrices of VAR's transformer that are excluded from weight decay: position embeddings, and scales.</summary>
internal static class VarDecay
{
    private static readonly string[] Parts = ["pos_start", "pos_1LC", "lvl_embed", "ada_gss", "scale_mul"];

    /// <summary>Names of parameters of two or more dimensions without weight decay.</summary>
    internal static string[] NotDecayed(ParameterStore parameters) => [.. parameters.TrainableNames.Where(name =>
        parameters[name].Rank >= 2 && Array.Exists(Parts, part => name.Contains(part, StringComparison.Ordinal)))];
}
