using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Nvg.Torch.Interop;

namespace Nvg.Torch.Tests.Interop;

/// <summary>The managed imports against the loaded library and its header: a name or a parameter that drifts apart shows here.</summary>
public class NativeExportsTests
{
    private static readonly MethodInfo[] Imports =
        [.. typeof(Native).GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
            .Where(m => m.GetCustomAttribute<LibraryImportAttribute>()?.LibraryName == Native.Library)];

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Imports_LoadedLibrary_ExportsEveryOne()
    {
        TorchRuntime.Load();
        nint library = NativeLibrary.Load(TorchRuntime.LoadedPath!);
        try
        {
            Assert.True(Imports.Length > 30);
            Assert.All(Imports, import =>
            {
                string name = import.GetCustomAttribute<LibraryImportAttribute>()!.EntryPoint ?? import.Name;
                Assert.True(NativeLibrary.TryGetExport(library, name, out _), name);
            });
        }
        finally
        {
            NativeLibrary.Free(library);
        }
    }

    [Fact]
    public void Imports_Header_HasTheSameFunctionsWithAsManyParameters()
    {
        var declared = Regex.Matches(ReadHeader(), @"int32_t\s+(nvgt_\w+)\(((?:[^()]|\([^()]*\))*)\)\s*;")
            .Select(m => (Name: m.Groups[1].Value, Count: CountParameters(m.Groups[2].Value)));
        Assert.Equal(declared.Order(), Imports.Select(m => (Name: m.Name, Count: m.GetParameters().Length)).Order());
    }

    [Fact]
    public void NativeValue_Layout_IsSixteenBytes()
    {
        Assert.Equal(16, Marshal.SizeOf<NativeValue>());
        Assert.Equal(32, Marshal.SizeOf<NativeTensorInfo>());
    }

    [Theory]
    [InlineData("nvgt_status", typeof(NativeStatus))]
    [InlineData("nvgt_kind", typeof(ValueKind))]
    public void Enumeration_Header_HasTheSameNamesAndValues(string name, Type managed)
    {
        string body = Regex.Match(ReadHeader(), $@"enum {name} : int32_t \{{(.*?)\}}", RegexOptions.Singleline).Groups[1].Value;
        var declared = Regex.Matches(body, @"NVGT_(\w+) = (\d+)")
            .Select(m => (Name: m.Groups[1].Value.Replace("_", "", StringComparison.Ordinal), Value: int.Parse(
                m.Groups[2].Value, CultureInfo.InvariantCulture)));
        var defined = Enum.GetNames(managed).Select(n => (Name: n.ToUpperInvariant(), Value: (int)Enum.Parse(managed, n)));

        Assert.Equal(declared.Order(), defined.Order());
    }

    private static string ReadHeader()
    {
        string header = File.ReadAllText(HeaderPath());
        return Regex.Replace(Regex.Replace(header, @"/\*.*?\*/", "", RegexOptions.Singleline), "//[^\n]*", "");
    }

    private static int CountParameters(string list)
    {
        string flat = Regex.Replace(list, @"\([^()]*\)", "").Trim();
        return flat is "" or "void" ? 0 : flat.Count(c => c == ',') + 1;
    }

    private static string HeaderPath() => Repository.PathOf("native/door/nvg_torch.h");
}
