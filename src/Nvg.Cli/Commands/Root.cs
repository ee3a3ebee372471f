using System.CommandLine;

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
        ConvertCommand.Create(),
        VerifyCommand.Create(),
        BenchCommand.Create(),
        Evaluate.EvaluateStructureStepsCommand.Create(),
        DoctorCommand.Create(),
    };
}
