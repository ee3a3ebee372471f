using System.CommandLine;
using Nvg.Cli.Commands.Evaluate;

namespace Nvg.Cli.Commands;

/// <summary>The <c>nvg</c> command.</summary>
internal static class Root
{
    internal static RootCommand Create() => new("Next Visual Granularity: tokenize, generate, train and measure images.")
    {
        GenerateCommand.Create(),
        ReconstructCommand.Create(),
        PrepareCommand.Create(),
        TrainCommand.Create(),
        EvaluateCommand.Create(),
        VerifyCommand.Create(),
        BenchCommand.Create(),
        DoctorCommand.Create(),
    };
}
