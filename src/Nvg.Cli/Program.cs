using Nvg.Cli;
using Nvg.Cli.Terminal;

return await CommandRunner.RunAsync(Root.Create(), args);
