using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Nvg.Imaging.Interop;

namespace Nvg.Imaging;

/// <summary>libvips, which decodes and encodes image files. It is loaded when the first image needs it.</summary>
public static class ImageLibrary
{
    /// <summary>The environment variable that names libvips' file where the system's loader does not find it.</summary>
    public const string PathVariable = "NVG_VIPS";

    private const int OneThreadPerImage = 1;
    private const int LogWarning = 1 << 4;
    private static readonly Lock Gate = new();
    private static bool _loaded;

    /// <summary>The version of the library, for example 8.14.1; loads it.</summary>
    /// <exception cref="DllNotFoundException">There is no libvips; the line says how to get it.</exception>
    public static Version Version
    {
        get
        {
            Load();
            return new Version(Vips.Version(0), Vips.Version(1), Vips.Version(2));
        }
    }

    /// <summary>Loads the library unless that has been done; a failure is tried again at the next call.</summary>
    /// <exception cref="DllNotFoundException">There is no libvips; the line says how to get it.</exception>
    public static void Load()
    {
        if (Volatile.Read(ref _loaded))
            return;
        lock (Gate)
        {
            if (_loaded)
                return;
            LoadFile();
            Start();
            Volatile.Write(ref _loaded, true);
        }
    }

    /// <summary>
    /// Once a file with the right shared-object name is in the process, the imports find it by that name, wherever
    /// it lies.
    /// </summary>
    private static void LoadFile()
    {
        string[] places = Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } named
            ? [named]
            : [Path.Combine(AppContext.BaseDirectory, Vips.Library), Vips.Library];
        string reason = string.Empty;
        foreach (string place in places)
        {
            try
            {
                NativeLibrary.Load(place);
                return;
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
            {
                // The loader's own words come last, after .NET's advice.
                reason = e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
            }
        }

        throw new DllNotFoundException(
            $"libvips, which reads and writes image files, cannot be loaded: install the Debian package libvips42 "
            + $"(apt-get install libvips42) or name the file in {PathVariable} (tried {string.Join(", ", places)}: {reason})");
    }

    private static unsafe void Start()
    {
        if (Vips.Init("nvg") != 0)
            throw new DllNotFoundException("libvips was found but does not start; reinstall the Debian package libvips42");
        // Work is spread over images, not inside one; and no image is asked for twice, so a cache only costs memory.
        Vips.SetConcurrency(OneThreadPerImage);
        Vips.SetCacheSize(0);
        // Images come from strangers: only the loaders that libvips calls hardened may see them.
        Vips.BlockUntrusted(1);
        // Warnings about odd metadata would land on standard error between our own lines.
        Vips.SetLogHandler("VIPS", LogWarning, &Ignore, 0);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void Ignore(byte* domain, int level, byte* message, nint data)
    {
    }
}
