using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NetVips;
using Nvg.Torch.Interop;
using Vips = NetVips.NetVips;

namespace Nvg.Imaging;

/// <summary>libvips, which decodes and encodes image files. It is loaded when the first image needs it.</summary>
public static class ImageLibrary
{
    /// <summary>
    /// The environment variable that selects a libvips other than the packaged one, by path or by a name that the system's loader can find
    /// (<c>libvips.so.42</c>).
    /// </summary>
    public const string PathVariable = "NVG_VIPS";

    // Threads of one call: one for computation, and those that write in the background.
    private const int OneThreadPerImage = 1, ThreadsPerCall = 4;
    // The maximum number of threads in libvips.
    private const int FewestThreads = 3, MostThreads = 1024;
    private const string ThreadsVariable = "VIPS_MAX_THREADS";
    private static readonly int Threads = int.TryParse(Environment.GetEnvironmentVariable(ThreadsVariable), out int asked)
        ? Math.Clamp(asked, FewestThreads, MostThreads)
        : Math.Min(MostThreads, ThreadsPerCall * Math.Max(4, Environment.ProcessorCount));
    private static readonly Lock Gate = new();
    private static bool _loaded;
    private static nint _library;

    /// <summary>Number of calls that may run at the same time. Each waits for libvips threads, whose number is fixed.</summary>
    internal static int MostCalls => Math.Max(1, Threads / ThreadsPerCall);

    /// <summary>The version of the library, for example 8.18.7; loads it.</summary>
    /// <exception cref="DllNotFoundException">libvips cannot be loaded; the message lists every location tried.</exception>
    public static Version Version
    {
        get
        {
            Load();
            return ReadVersion();
        }
    }

    private static string FileName =>
        OperatingSystem.IsWindows() ? "libvips-42.dll" : OperatingSystem.IsMacOS() ? "libvips.42.dylib" : "libvips.so.42";

    /// <summary>Loads the library if it is not loaded yet. After a failure, the next call tries again.</summary>
    /// <exception cref="DllNotFoundException">libvips cannot be loaded; the message lists every location tried.</exception>
    public static void Load()
    {
        if (Volatile.Read(ref _loaded))
            return;
        lock (Gate)
        {
            if (_loaded)
                return;
            // NetVips starts libvips once, when a method that calls into it is compiled, and never again after a failure.
            // Such methods are therefore not inlined, so that they are not compiled before the library is known to load.
            if (_library == 0)
            {
                // Without a fixed number, idle threads end, and libvips 8.18 may assign work to a thread that is just ending; the call then
                // never returns. With a fixed number, threads stay alive.
                NativeEnvironment.SetDefault(ThreadsVariable, $"{Threads}");
                _library = LoadFile();
            }

            Start();
            Volatile.Write(ref _loaded, true);
        }
    }

    private static nint LoadFile()
    {
        var netVips = Assembly.Load(nameof(NetVips));
        string? named = Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } value ? value : null;
        try
        {
            // With the assembly given, the search covers the native folders of the packages, then the system's libraries.
            nint library = named is null ? NativeLibrary.Load(FileName, netVips, null) : NativeLibrary.Load(named);
            SetLibrary(netVips, library, named);
            return library;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new DllNotFoundException(
                $"libvips, which reads and writes image files, cannot be loaded: {Advice(named)} ({LoaderWords(e)})", e);
        }
    }

    // The first resolver of an assembly takes effect; NetVips accepts that it comes second.
    private static void SetLibrary(Assembly netVips, nint library, string? named)
    {
        try
        {
            NativeLibrary.SetDllImportResolver(netVips, (_, _, _) => library);
        }
        catch (InvalidOperationException) when (named is null)
        {
            // The application has used NetVips itself, which searches the same places.
        }
        catch (InvalidOperationException error)
        {
            throw new DllNotFoundException(
                $"{PathVariable} names {named}, but the application has already loaded a different libvips through NetVips", error);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Version ReadVersion() => new(Vips.Version(0), Vips.Version(1), Vips.Version(2));

    private static string Advice(string? named) => named is null
        ? $"add the package NetVips.Native.{RuntimeInformation.RuntimeIdentifier} to the application, or name the file in "
          + $"{PathVariable} (tried {FileName} beside the application, in the packages' runtimes folders and in the system's folders)"
        : $"{PathVariable} names {named}; correct it, or unset it to use the packaged library";

    // The first line of .NET's message is advice about tools; the loader's own message for each attempt follows.
    private static string LoaderWords(Exception error)
    {
        string[] lines = error.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return string.Join("; ", lines.Length > 1 ? lines[1..] : lines);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Start()
    {
        if (!ModuleInitializer.VipsInitialized)
            throw new DllNotFoundException(
                $"libvips was found but does not start: {ModuleInitializer.Exception?.Message.ReplaceLineEndings(" ")}");
        // Work is parallelised over images, not within an image. No image is requested twice, so a cache would only cost memory.
        Vips.Concurrency = OneThreadPerImage;
        Cache.Max = 0;
        // Images come from untrusted sources, so only loaders that libvips considers hardened may read them.
        Vips.BlockUntrusted = true;
        // Otherwise, warnings about unusual metadata would appear on standard error between our own lines.
        _ = Log.SetLogHandler("VIPS", Enums.LogLevelFlags.Warning, static (_, _, _) => { });
    }
}
