using System.Globalization;
using System.Runtime.InteropServices;

namespace Nvg.Cli.Launching;

/// <summary>Cancels the work of a process whose launcher has ended, because nothing else would end it.</summary>
internal static partial class ParentWatch
{
    /// <summary>Environment variable with the process id of the launcher.</summary>
    internal const string Variable = "NVG_LAUNCHER_PID";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Watches until disposed; does nothing in a process that was not started by <see cref="ProcessLauncher"/>.</summary>
    /// <param name="gone">Called when the launcher has ended.</param>
    internal static IDisposable? Start(Action gone)
    {
        string? value = Environment.GetEnvironmentVariable(Variable);
        if (OperatingSystem.IsWindows() || !int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int launcher))
            return null;
        return new Timer(_ =>
        {
            if (ParentId() != launcher)
                gone();
        }, null, Interval, Interval);
    }

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int ParentId();
}
