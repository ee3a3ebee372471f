using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop;

/// <summary>
/// Environment variables as native libraries read them. What <see cref="Environment.SetEnvironmentVariable(string, string)"/> sets, only
/// .NET and new processes see.
/// </summary>
internal static partial class NativeEnvironment
{
    /// <summary>Sets a variable that is not set, before the library that reads it is loaded. Without effect on Windows.</summary>
    internal static void SetDefault(string name, string value)
    {
        if (!OperatingSystem.IsWindows())
            _ = Set(name, value, overwrite: 0);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Set(string name, string value, int overwrite);
}
