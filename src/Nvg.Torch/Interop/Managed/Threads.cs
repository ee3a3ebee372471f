using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop.Managed;

/// <summary>
/// The number of threads of an operation. The stable interface only reads it; it is set in the OpenMP that libtorch brings, whose
/// interface is C as well. OpenMP keeps the number per thread.
/// </summary>
internal sealed unsafe class Threads
{
    [ThreadStatic]
    private static int _applied;

    private readonly delegate* unmanaged<int, void> _set;
    private int _wanted;

    /// <param name="torch">The loaded libtorch.</param>
    /// <param name="folder">Its folder, where OpenMP lies beside it.</param>
    internal Threads(nint torch, string folder) => _set = (delegate* unmanaged<int, void>)Find(torch, folder);

    internal int Count
    {
        get
        {
            Follow();
            uint count;
            StableExports.Check(StableExports.torch_get_num_threads(&count));
            return (int)count;
        }

        set
        {
            if (_set is null)
            {
                throw new TorchException(
                    "the number of threads cannot be set: no OpenMP lies beside libtorch; set OMP_NUM_THREADS instead");
            }

            Volatile.Write(ref _wanted, value);
        }
    }

    /// <summary>Gives the calling thread the number that was asked for.</summary>
    internal void Follow()
    {
        int wanted = Volatile.Read(ref _wanted);
        if (wanted == _applied)
            return;
        // A thread's first question makes libtorch set its own number, which would come after ours.
        uint ignored;
        StableExports.Check(StableExports.torch_get_num_threads(&ignored));
        _set(wanted);
        _applied = wanted;
    }

    private static nint Find(nint torch, string folder)
    {
        const string name = "omp_set_num_threads";
        // The loader of Linux and macOS also looks into the libraries that libtorch needs.
        if (NativeLibrary.TryGetExport(torch, name, out nint export))
            return export;
        foreach (string pattern in new[] { "libgomp*", "libomp*", "libiomp5*" })
        {
            foreach (string path in Directory.EnumerateFiles(folder, pattern))
            {
                if (NativeLibrary.TryLoad(path, out nint library) && NativeLibrary.TryGetExport(library, name, out export))
                    return export;
            }
        }

        return 0;
    }
}
