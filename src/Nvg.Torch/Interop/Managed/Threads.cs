using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop.Managed;

/// <summary>
/// The number of threads per operation. The stable interface can only read it, so it is set in libtorch's OpenMP library, which also has a
/// C interface. OpenMP stores the number per thread.
/// </summary>
internal sealed unsafe class Threads
{
    [ThreadStatic]
    private static int _applied;

    private readonly delegate* unmanaged<int, void> _set;
    private int _wanted;

    /// <param name="torch">The loaded libtorch.</param>
    /// <param name="folder">The folder of libtorch, which also contains OpenMP.</param>
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
                    "the number of threads cannot be set: no OpenMP library was found next to libtorch; set OMP_NUM_THREADS instead");
            }

            Volatile.Write(ref _wanted, value);
        }
    }

    /// <summary>Applies the requested number to the calling thread.</summary>
    internal void Follow()
    {
        int wanted = Volatile.Read(ref _wanted);
        if (wanted == _applied)
            return;
        // The first query of a thread makes libtorch set its own number, which would otherwise overwrite this one later.
        uint ignored;
        StableExports.Check(StableExports.torch_get_num_threads(&ignored));
        _set(wanted);
        _applied = wanted;
    }

    private static nint Find(nint torch, string folder)
    {
        const string name = "omp_set_num_threads";
        // The loaders of Linux and macOS also search the libraries that libtorch depends on.
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
