using System.Globalization;
using System.Runtime.InteropServices;

namespace Nvg.Cli.Launching;

/// <summary>Cancels the work of a process whose launcher is gone: nobody else would end it.</summary>
internal static partial class ParentWatch
{
    /// <summary>Names the launcher's process to those that it starts.</summary>
    internal const string Variable = "NVG_LAUNCHER_PID";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Watches until disposed; does nothing in a process that no launcher of ours started.</summary>
    /// <param name="gone">Called once the launcher is gone.</param>
    internal static IDisposable? Start(Action gone)
    {
        if (OperatingSystem.IsWindows() || !int.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.None, CultureInfo.InvariantCulture, out int launcher))
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
