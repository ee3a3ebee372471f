using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop;

/// <summary>
/// Environment variables as native libraries read them. On Unix, only .NET and new processes see what
/// <see cref="Environment.SetEnvironmentVariable(string, string)"/> sets.
/// </summary>
internal static partial class NativeEnvironment
{
    /// <summary>Sets a variable that is not set, before the library that reads it is loaded.</summary>
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
