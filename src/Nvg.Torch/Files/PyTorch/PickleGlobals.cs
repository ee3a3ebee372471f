namespace Nvg.Torch.Files.PyTorch;

/// <summary>
/// Decides what a module and name in a pickle stand for. Nothing is ever looked up or run, so an unknown class is harmless and stays
/// opaque. Names that only a malicious file needs are still rejected, so that the user is warned.
/// </summary>
internal static class PickleGlobals
{
    /// <summary>Modules that run programs, load code or access the system; rejected anywhere in a module path.</summary>
    private static readonly HashSet<string> ForbiddenAnywhere =
    [
        "os", "posix", "nt", "sys", "subprocess", "_posixsubprocess", "_winapi", "popen2", "commands", "pty", "builtins",
        "__builtin__", "__builtins__", "importlib", "imp", "runpy", "ctypes", "_ctypes", "cffi", "socket", "_socket", "shutil",
        "marshal", "pickle", "_pickle", "cPickle",
    ];

    /// <summary>Further modules that are rejected only at the start of a path. Later in a path, they may be a user's own modules.</summary>
    private static readonly HashSet<string> ForbiddenFirst =
    [
        "code", "codeop", "operator", "_operator", "types", "inspect", "gc", "io", "_io", "_pyio", "bdb", "pdb", "cProfile",
        "profile", "trace", "timeit", "doctest", "pip", "setuptools", "distutils", "pkg_resources", "ensurepip", "venv", "site",
        "zipimport", "pkgutil", "pydoc", "idlelib", "lib2to3", "webbrowser", "urllib", "urllib2", "http", "httplib", "requests",
        "aiohttp", "ftplib", "smtplib", "telnetlib", "xmlrpc", "xmlrpclib", "ssl", "asyncio", "multiprocessing", "threading",
        "_thread", "thread", "signal", "select", "selectors", "tempfile", "fileinput", "linecache", "winreg", "_winreg", "msvcrt",
        "platform", "shelve", "dbm", "sqlite3", "dill", "cloudpickle", "joblib", "antigravity", "mmap", "resource", "ast", "dis",
        "atexit", "tokenize", "weakref",
    ];

    /// <summary>Parts of otherwise harmless packages that load or run code.</summary>
    private static readonly string[] ForbiddenBelow =
    [
        "torch.hub", "torch.jit", "torch.package", "torch.fx", "torch.distributed.rpc", "torch.storage._load_from_bytes",
        "torch.utils.cpp_extension", "torch.utils.bottleneck", "torch.utils._config_module", "torch.utils.collect_env",
        "torch.utils.data.datapipes", "torch._dynamo", "torch._inductor", "numpy.testing", "numpy.f2py", "numpy.distutils",
        "functools.reduce",
    ];

    /// <summary>Names that run code or files, whatever their module.</summary>
    private static readonly HashSet<string> ForbiddenNames =
    [
        "eval", "exec", "execfile", "compile", "getattr", "setattr", "delattr", "hasattr", "globals", "locals", "vars", "open",
        "input", "raw_input", "breakpoint", "apply", "system", "popen", "spawn", "fork", "call", "check_call", "check_output",
        "Popen", "run_path", "run_module", "runstring", "load", "loads", "import_module", "find_class", "methodcaller",
        "attrgetter", "itemgetter", "memmap", "fromfile", "load_library", "CDLL",
    ];

    /// <summary>Built-in classes that a state may contain.</summary>
    private static readonly HashSet<string> HarmlessBuiltins =
    [
        "bool", "int", "long", "float", "complex", "str", "unicode", "bytes", "bytearray", "list", "tuple", "dict", "set",
        "frozenset", "slice", "range", "xrange", "object", "type", "NoneType", "Ellipsis", "NotImplemented",
    ];

    /// <summary>PyTorch's names of typed storages, by element type.</summary>
    internal static readonly IReadOnlyList<(string Name, ScalarType Type)> StorageClasses =
    [
        ("Double", ScalarType.Float64), ("Float", ScalarType.Float32), ("Half", ScalarType.Float16),
        ("BFloat16", ScalarType.BFloat16), ("Long", ScalarType.Int64), ("Int", ScalarType.Int32), ("Short", ScalarType.Int16),
        ("Char", ScalarType.Int8), ("Byte", ScalarType.UInt8), ("Bool", ScalarType.Bool),
    ];

    private static readonly (string Name, ScalarType Type)[] DataTypes =
    [
        ("float64", ScalarType.Float64), ("float32", ScalarType.Float32), ("float16", ScalarType.Float16),
        ("bfloat16", ScalarType.BFloat16), ("int64", ScalarType.Int64), ("int32", ScalarType.Int32), ("int16", ScalarType.Int16),
        ("int8", ScalarType.Int8), ("uint8", ScalarType.UInt8), ("bool", ScalarType.Bool),
    ];

    private static readonly Dictionary<string, PickleGlobal> Known = MakeKnown().ToDictionary(g => g.Name);

    /// <summary>What a module and name stand for.</summary>
    /// <exception cref="PyTorchFileException">The name is one that only a malicious file needs, or is not a valid name.</exception>
    internal static PickleGlobal Resolve(string module, string name)
    {
        string qualified = $"{module}.{name}";
        if (Known.TryGetValue(qualified, out PickleGlobal? known))
            return known;
        string[] parts = module.Split('.');
        if (!IsIdentifier(name) || !parts.All(IsIdentifier))
            throw new PyTorchFileException($"'{qualified}' is not the name of a class or function");
        if (module is "builtins" or "__builtin__" && HarmlessBuiltins.Contains(name))
            return new PickleGlobal(qualified, PickleGlobalKind.Opaque);
        bool forbidden = parts.Any(ForbiddenAnywhere.Contains) || ForbiddenFirst.Contains(parts[0]) || ForbiddenNames.Contains(name)
            || name.StartsWith("__", StringComparison.Ordinal)
            || ForbiddenBelow.Any(f => qualified == f || qualified.StartsWith(f + ".", StringComparison.Ordinal));
        return forbidden
            ? throw new PyTorchFileException(
                $"it refers to {qualified}, which a checkpoint has no use for: the file may be malicious and is not read")
            : new PickleGlobal(qualified, PickleGlobalKind.Opaque);
    }

    private static bool IsIdentifier(string text) =>
        text.Length > 0 && !char.IsAsciiDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private static IEnumerable<PickleGlobal> MakeKnown()
    {
        yield return new("collections.OrderedDict", PickleGlobalKind.OrderedDict);
        yield return new("torch.Size", PickleGlobalKind.Size);
        yield return new("torch._utils._rebuild_tensor", PickleGlobalKind.RebuildTensor);
        yield return new("torch._utils._rebuild_tensor_v2", PickleGlobalKind.RebuildTensorV2);
        yield return new("torch._utils._rebuild_tensor_v3", PickleGlobalKind.RebuildTensorV3);
        yield return new("torch._utils._rebuild_parameter", PickleGlobalKind.RebuildParameter);
        yield return new("torch._utils._rebuild_parameter_with_state", PickleGlobalKind.RebuildParameter);
        yield return new("torch._tensor._rebuild_from_type_v2", PickleGlobalKind.RebuildFromType);
        foreach (string module in new[] { "torch", "torch.cuda" })
        {
            foreach ((string name, ScalarType type) in StorageClasses)
                yield return new($"{module}.{name}Storage", PickleGlobalKind.StorageClass, type);
            yield return new($"{module}.UntypedStorage", PickleGlobalKind.StorageClass);
        }

        yield return new("torch.storage.UntypedStorage", PickleGlobalKind.StorageClass);
        foreach ((string name, ScalarType type) in DataTypes)
            yield return new($"torch.{name}", PickleGlobalKind.DataType, type);
    }
}
