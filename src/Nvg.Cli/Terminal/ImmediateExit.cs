using System.Runtime.InteropServices;

namespace Nvg.Cli.Terminal;

/// <summary>Ends the process without waiting for its threads, which may be waiting for a process that has ended.</summary>
internal static partial class ImmediateExit
{
    /// <summary>Ends the process with an exit code.</summary>
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
