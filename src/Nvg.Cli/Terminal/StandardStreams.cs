using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nvg.Cli.Terminal;

/// <summary>Prepares standard output and standard error of the process.</summary>
internal static partial class StandardStreams
{
    private const int OutputDescriptor = 1, ErrorDescriptor = 2, GetStatusFlags = 3, AccessModes = 3;
    private const int NonBlockingOfLinux = 0x800, NonBlockingOfBsd = 4;
    private const int HangUpSignal = 1;

    /// <summary>
    /// Makes standard error tolerate a closed terminal and a full disk, and replaces streams that were closed before the start.
    /// </summary>
    internal static void Protect()
    {
        Console.SetError(IsWritable(ErrorDescriptor) ? new TolerantWriter(Console.Error) : TextWriter.Null);
        if (!IsWritable(OutputDescriptor))
            Console.SetOut(TextWriter.Null);
    }

    /// <summary>Standard output for bytes. A write fails if the reader of a pipe has closed it.</summary>
    internal static Stream OpenOutput()
    {
        if (OperatingSystem.IsWindows() || !IsWritable(OutputDescriptor) || IsNonBlocking(OutputDescriptor))
            return Console.OpenStandardOutput();
        // The console's own stream silently discards data once the reader of a pipe has closed it.
        var pipe = new FileStream(new SafeFileHandle(OutputDescriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        if (!pipe.CanSeek)
            return pipe;
        pipe.Dispose();
        return Console.OpenStandardOutput();
    }

    /// <summary>Whether the process was started with SIGHUP ignored, as <c>nohup</c> does.</summary>
    internal static bool IgnoresHangUp()
    {
        const string status = "/proc/self/status", field = "SigIgn:";
        if (!File.Exists(status))
            return false;
        string? line = File.ReadLines(status).FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal));
        return ulong.TryParse(line?[field.Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong mask)
            && (mask & (1UL << (HangUpSignal - 1))) != 0;
    }

    // The runtime may have reused the number of a closed stream for a file that it only reads.
    private static bool IsWritable(int descriptor) =>
        OperatingSystem.IsWindows() || (DescriptorControl(descriptor, GetStatusFlags) is >= 0 and var flags && (flags & AccessModes) != 0);

    // A parent process may leave a pipe in this mode. Only the console's stream waits until the pipe accepts more data.
    private static bool IsNonBlocking(int descriptor) =>
        (DescriptorControl(descriptor, GetStatusFlags) & (OperatingSystem.IsLinux() ? NonBlockingOfLinux : NonBlockingOfBsd)) != 0;

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int DescriptorControl(int descriptor, int command);
}
