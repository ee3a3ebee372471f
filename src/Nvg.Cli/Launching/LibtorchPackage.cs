using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Nvg.Pretrained;
using Nvg.Torch;
using Nvg.Torch.Interop.Managed;

namespace Nvg.Cli.Launching;

/// <summary>
/// The libtorch of the NuGet packages <c>libtorch-cpu-…</c> in the user's package cache. If no libtorch is installed, commands
/// use it through the managed door (docs/doors.md).
/// </summary>
internal static class LibtorchPackage
{
    /// <summary>The version of the packages that the managed door calls.</summary>
    internal const string Version = $"{TorchPackage.Version}.0";

    /// <summary>The package for this system.</summary>
    internal static string Name => TorchPackage.Name;

    /// <summary>The folder of its libraries after the restore.</summary>
    internal static string Folder =>
        Path.Combine(NuGetPackages.Folder, Name, Version, "runtimes", RuntimeInformation.RuntimeIdentifier, "native");

    /// <summary>
    /// Offers the restored package to this process; an installed libtorch takes precedence. Does nothing if the package is not
    /// restored.
    /// </summary>
    internal static void Offer()
    {
        if (Environment.GetEnvironmentVariable(TorchPackage.FolderVariable) is not { Length: > 0 } && Directory.Exists(Folder))
            Environment.SetEnvironmentVariable(TorchPackage.FolderVariable, Folder);
    }

    /// <summary>Restores the package, about 130 MB, with <c>dotnet restore</c>. Does nothing if it is already restored.</summary>
    /// <exception cref="TorchLoadException">
    /// There is no .NET SDK, or the package cannot be restored; the message has NuGet's reason.
    /// </exception>
    internal static async Task FetchAsync(CancellationToken cancellation)
    {
        if (Directory.Exists(Folder))
            return;
        DirectoryInfo work = Directory.CreateTempSubdirectory("nvg-");
        try
        {
            string project = Path.Combine(work.FullName, "libtorch.csproj");
            await File.WriteAllTextAsync(project, Project, cancellation).ConfigureAwait(false);
            await RestoreAsync(project, cancellation).ConfigureAwait(false);
        }
        finally
        {
            work.Delete(recursive: true);
        }

        if (!Directory.Exists(Folder))
            throw new TorchLoadException($"{Name} {Version} was restored, but has no libraries in {Folder}");
    }

    private static string Project => $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
          <ItemGroup><PackageDownload Include="{Name}" Version="[{Version}]" /></ItemGroup>
        </Project>
        """;

    private static async Task RestoreAsync(string project, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("dotnet", ["restore", project, "--nologo"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process process = Process.Start(start)!;
            using CancellationTokenRegistration ending = cancellation.UnsafeRegister(_ => process.Kill(entireProcessTree: true), null);
            Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            if (process.ExitCode != 0)
            {
                string text = $"{await output.ConfigureAwait(false)}\n{await errors.ConfigureAwait(false)}";
                string reason = text.Split('\n').FirstOrDefault(line => line.Contains("error", StringComparison.Ordinal)) ?? text;
                throw new TorchLoadException($"{Name} {Version} cannot be restored: {reason.Trim()}");
            }
        }
        catch (Win32Exception)
        {
            throw new TorchLoadException($"{Name} {Version} needs the .NET SDK to be restored, but dotnet is not on the PATH");
        }
    }
}
