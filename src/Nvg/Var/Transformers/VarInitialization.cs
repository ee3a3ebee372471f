using Nvg.Torch.Nn;

namespace Nvg.Var.Transformers;

/// <summary>
/// Initialisation of a new transformer: all matrices and tables are normally distributed with variance 1/(3 W), some of them scaled down.
/// </summary>
internal static class VarInitialization
{
    private const double HeadFactor = 0.02, ModulationFactor = 0.5;

    /// <summary>Matrices and tables.</summary>
    internal static Initialization Matrix(VarTransformerConfig config) => Initialization.Normal(Deviation(config));

    /// <summary>The last matrix of a branch, so that the sum of all branches starts small.</summary>
    internal static Initialization BranchEnd(VarTransformerConfig config) =>
        Initialization.Normal(Deviation(config) / Math.Sqrt(2.0 * config.Depth));

    /// <summary>The output layer, which computes the logits.</summary>
    internal static Initialization Head(VarTransformerConfig config) => Initialization.Normal(Deviation(config) * HeadFactor);

    /// <summary>Modulations of blocks and head.</summary>
    internal static Initialization Modulation(VarTransformerConfig config) => Initialization.Normal(Deviation(config) * ModulationFactor);

    /// <summary>The table that a block adds to a shared modulation.</summary>
    internal static Initialization ModulationTable(VarTransformerConfig config) =>
        Initialization.Normal(Math.Sqrt(1.0 / config.Width) * ModulationFactor);

    /// <summary>Ratio of the initial scale of a modulation's gates to that of the modulation, chosen by a recipe.</summary>
    /// <param name="gateFactor">The recipe's factor on the initial scale of all matrices, such as 0.001.</param>
    internal static double GateRatio(double gateFactor) => gateFactor / ModulationFactor;

    private static double Deviation(VarTransformerConfig config) => Math.Sqrt(1.0 / config.Width / 3);
}
