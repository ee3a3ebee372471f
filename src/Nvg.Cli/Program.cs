using Nvg.Cli.Terminal;

using Nvg.Cli;
using Nvg.Cli.Commands;

return await CommandRunner.RunAsync(Root.Create(), args);
