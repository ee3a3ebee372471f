using Nvg.Cli;
using Nvg.Cli.Launching;
using Nvg.Cli.Terminal;

StandardStreams.Protect();
LibtorchPackage.Offer();
return await CommandRunner.RunAsync(Root.Create(), args);
