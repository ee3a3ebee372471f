using System.CommandLine;
using Nvg.Cli;
using Nvg.Cli.Commands;

var root = new RootCommand("Next Visual Granularity: tokenize, generate, train and measure images.")
{
    PrepareCommand.Create(),
    TrainCommand.Create(),
};
return await CommandRunner.RunAsync(root, args);
