using Nvg.Cli;
using Nvg.Cli.Terminal;

StandardStreams.Protect();
return await CommandRunner.RunAsync(Root.Create(), args);
