using System.CommandLine;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate</c>: measures images and models.</summary>
internal static class EvaluateCommand
{
    internal static Command Create() => new("evaluate", "Measure images and models")
    {
        EvaluateSamplesCommand.Create(),
        EvaluateTokenizerCommand.Create(),
        EvaluateClassifierCommand.Create(),
        EvaluateNeighboursCommand.Create(),
        EvaluateAblationCommand.Create(),
        EvaluateSweepCommand.Create(),
        EvaluateScalingCommand.Create(),
        EvaluateControlCommand.Create(),
        EvaluateDrawingsCommand.Create(),
        EvaluateStructureCommand.Create(),
        EvaluateStructureStepsCommand.Create(),
        EvaluateStructureMapsCommand.Create(),
        EvaluatePrecisionCommand.Create(),
        EvaluateCostCommand.Create(),
    };
}
