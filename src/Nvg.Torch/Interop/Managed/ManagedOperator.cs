using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop.Managed;

/// <summary>A resolved operator, either from the table or composed. Its handle lives as long as the process.</summary>
internal sealed class ManagedOperator
{
    private readonly StableOperator? _stable;
    private readonly ComposedOperator? _composed;

    private ManagedOperator(string schema, StableOperator? stable, ComposedOperator? composed) =>
        (Schema, _stable, _composed) = (schema, stable, composed);

    /// <summary>The schema in libtorch's notation.</summary>
    internal string Schema { get; }

    /// <summary>Finds an operator by name.</summary>
    /// <exception cref="TorchOperatorException">The managed door has no operator with this name.</exception>
    internal static nint Find(string name, string overload)
    {
        string qualified = overload.Length == 0 ? name : $"{name}.{overload}";
        const string space = "aten::";
        string bare = qualified.StartsWith(space, StringComparison.Ordinal) ? qualified[space.Length..] : "";
        if (OperatorTable.TextOf(bare) is not { } text)
            throw new TorchOperatorException($"{qualified}: the managed door does not call this operator; {ManagedDoor.WayOut}");
        string schema = space + text;
        var found = ScalarOperators.Find(bare) is { } composed
            ? new ManagedOperator(schema, null, composed)
            : new ManagedOperator(schema, new StableOperator(OperatorSchema.Parse(text)), null);
        return GCHandle.ToIntPtr(GCHandle.Alloc(found));
    }

    internal static ManagedOperator Of(nint handle) => (ManagedOperator)GCHandle.FromIntPtr(handle).Target!;

    /// <summary>Calls the operator.</summary>
    /// <returns>The number of results.</returns>
    internal int Call(ReadOnlySpan<NativeValue> arguments, Span<NativeValue> results)
    {
        if (_stable is not null)
            return _stable.Call(arguments, results);
        results[0] = _composed!(arguments);
        return 1;
    }
}
