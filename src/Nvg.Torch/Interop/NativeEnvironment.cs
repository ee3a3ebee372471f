using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop;

/// <summary>
/// Environment variables for native libraries. On Unix, values set by <see cref="Environment.SetEnvironmentVariable(string, string)"/> are
/// visible only to .NET and new processes.
/// </summary>
internal static partial class NativeEnvironment
{
    /// <summary>Sets a variable if it is not set yet. Must be called before the library that reads it is loaded.</summary>
    internal static void SetDefault(string name, string value)
    {
        if (!OperatingSystem.IsWindows())
            _ = Set(name, value, overwrite: 0);
        else if (Environment.GetEnvironmentVariable(name) is null)
            Environment.SetEnvironmentVariable(name, value);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Set(string name, string value, int overwrite);
}
