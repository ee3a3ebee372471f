using System.CommandLine;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate</c>: figures of pictures and models.</summary>
internal static class EvaluateCommand
{
    internal static Command Create() => new("evaluate", "Measure pictures and models")
    {
        EvaluateClassifierCommand.Create(),
        EvaluateNeighboursCommand.Create(),
    };
}
