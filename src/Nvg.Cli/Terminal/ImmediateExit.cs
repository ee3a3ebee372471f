using System.Runtime.InteropServices;

namespace Nvg.Cli.Terminal;

/// <summary>Ends the process without waiting for anything in it: threads of a group of processes may wait for one that is gone.</summary>
internal static partial class ImmediateExit
{
    internal static void With(int code)
    {
        Console.Out.Flush();
        Console.Error.Flush();
        if (OperatingSystem.IsWindows())
            Environment.Exit(code);
        Exit(code);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int code);
}
