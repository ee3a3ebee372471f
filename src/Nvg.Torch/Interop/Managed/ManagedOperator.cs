using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop.Managed;

/// <summary>An operator that was found: one of the table, or a composed one. Its handle lives as long as the process.</summary>
internal sealed class ManagedOperator
{
    private readonly StableOperator? _stable;
    private readonly ComposedOperator? _composed;
    private readonly string _name;

    private ManagedOperator(string name, StableOperator? stable, ComposedOperator? composed) =>
        (_name, _stable, _composed) = (name, stable, composed);

    /// <summary>libtorch's notation, or the name of a composed operator.</summary>
    internal string Schema => _stable?.Schema ?? _name;

    /// <summary>An operator by name.</summary>
    /// <exception cref="TorchOperatorException">The managed door has none of this name.</exception>
    internal static nint Find(string name, string overload)
    {
        string qualified = overload.Length == 0 ? name : $"{name}.{overload}";
        const string space = "aten::";
        string bare = qualified.StartsWith(space, StringComparison.Ordinal) ? qualified[space.Length..] : "";
        ManagedOperator found = (ScalarOperators.Find(bare), OperatorTable.Find(bare)) switch
        {
            ({ } composed, _) => new ManagedOperator(qualified, null, composed),
            (_, { } schema) => new ManagedOperator(qualified, new StableOperator(schema), null),
            _ => throw new TorchOperatorException($"{qualified}: the managed door does not call this operator; {ManagedDoor.WayOut}"),
        };
        return GCHandle.ToIntPtr(GCHandle.Alloc(found));
    }

    internal static ManagedOperator Of(nint handle) => (ManagedOperator)GCHandle.FromIntPtr(handle).Target!;

    /// <summary>Calls it.</summary>
    /// <returns>The number of results.</returns>
    internal int Call(ReadOnlySpan<NativeValue> arguments, Span<NativeValue> results)
    {
        if (_stable is not null)
            return _stable.Call(arguments, results);
        results[0] = _composed!(arguments);
        return 1;
    }
}
