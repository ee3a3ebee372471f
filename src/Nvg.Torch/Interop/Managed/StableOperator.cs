using System.Runtime.InteropServices;
using System.Text;

namespace Nvg.Torch.Interop.Managed;

/// <summary>
/// One operator of the table, called through the dispatcher. Arguments are converted to the 64-bit values of the stable interface: numbers
/// as bits, everything else as an address. None is 0, and an optional value is stored in memory that libtorch frees.
/// </summary>
internal sealed unsafe class StableOperator
{
    private readonly OperatorSchema _schema;
    private readonly OperatorSchema.Parameter[] _parameters;
    private readonly NativeValue[] _defaults;
    private readonly byte* _name;
    private readonly byte* _overload;

    // The names are kept for the lifetime of the process, like operators.
    internal StableOperator(OperatorSchema schema)
    {
        _schema = schema;
        _parameters = schema.Parameters;
        _defaults = [.. schema.Parameters.Select(DefaultOf)];
        string[] names = schema.Name.Split('.');
        _name = (byte*)Marshal.StringToCoTaskMemUTF8($"aten::{names[0]}");
        _overload = (byte*)Marshal.StringToCoTaskMemUTF8(names.Length > 1 ? names[1] : "");
    }

    /// <summary>Name and overload, with the namespace.</summary>
    internal string Name => $"aten::{_schema.Name}";

    /// <summary>The schema in libtorch's notation.</summary>
    internal string Schema => $"aten::{_schema.Text}";

    /// <summary>Calls the operator.</summary>
    /// <param name="arguments">The arguments; borrowed. Missing trailing arguments have their defaults.</param>
    /// <param name="results">Receives the results; lists are flattened.</param>
    /// <returns>The number of results.</returns>
    /// <exception cref="DoorException">An argument has the wrong type, or libtorch reported an error.</exception>
    internal int Call(ReadOnlySpan<NativeValue> arguments, Span<NativeValue> results)
    {
        if (arguments.Length > _parameters.Length)
            throw Wrong($"{Name} takes {_parameters.Length} arguments, {arguments.Length} were given");
        // All arguments are checked before the first is encoded, because only the call frees encoded values.
        for (int i = 0; i < _parameters.Length; i++)
            RequireFit(arguments, i);
        ulong* stack = stackalloc ulong[Math.Max(_parameters.Length, _schema.Results.Length)];
        for (int i = 0; i < _parameters.Length; i++)
            stack[i] = StableValue.Encode(IsGiven(arguments, i) ? arguments[i] : _defaults[i], _parameters[i].Type);

        StableExports.Check(StableExports.aoti_torch_call_dispatcher(_name, _overload, stack));
        if (_schema.Results.Length != 1 || _schema.Results[0].IsList)
            return ReadResults(stack, results);
        results[0] = StableValue.Decode(stack[0], _schema.Results[0]);
        return 1;
    }

    /// <summary>Calls an operator that returns one tensor.</summary>
    internal nint CallOne(params ReadOnlySpan<NativeValue> arguments)
    {
        NativeValue result = default;
        Call(arguments, new Span<NativeValue>(ref result));
        return (nint)result.Payload;
    }

    private static bool IsGiven(ReadOnlySpan<NativeValue> arguments, int index) =>
        index < arguments.Length && arguments[index].Kind != ValueKind.Default;

    private void RequireFit(ReadOnlySpan<NativeValue> arguments, int index)
    {
        OperatorSchema.Parameter parameter = _parameters[index];
        bool isGiven = IsGiven(arguments, index);
        if (!isGiven && parameter.Default is null)
            throw Wrong($"{Name} needs argument '{parameter.Name}'");
        if (isGiven && !StableValue.Fits(arguments[index].Kind, parameter.Type))
            throw Wrong($"argument '{parameter.Name}' is a {parameter.Type}, not {arguments[index].Kind}");
    }

    private int ReadResults(ulong* stack, Span<NativeValue> results)
    {
        var read = new List<NativeValue>(_schema.Results.Length);
        for (int i = 0; i < _schema.Results.Length; i++)
        {
            if (_schema.Results[i].IsList)
                StableValue.DecodeTensors((nint)stack[i], read);
            else
                read.Add(StableValue.Decode(stack[i], _schema.Results[i]));
        }

        if (read.Count > results.Length)
        {
            foreach (NativeValue value in read.Where(v => v.Kind == ValueKind.Tensor && v.Payload != 0))
                _ = StableExports.aoti_torch_delete_tensor_object((nint)value.Payload);
            throw Wrong($"room for {results.Length} results, {Name} gave {read.Count}");
        }

        CollectionsMarshal.AsSpan(read).CopyTo(results);
        return read.Count;
    }

    private static NativeValue DefaultOf(OperatorSchema.Parameter parameter) => parameter.Default switch
    {
        bool value => new NativeValue { Kind = ValueKind.Bool, Payload = value ? 1 : 0 },
        long value => new NativeValue { Kind = ValueKind.Int, Payload = value },
        double value => new NativeValue { Kind = ValueKind.Double, Payload = BitConverter.DoubleToInt64Bits(value) },
        string text => new NativeValue
        {
            Kind = ValueKind.String,
            Count = Encoding.UTF8.GetByteCount(text),
            Payload = Marshal.StringToCoTaskMemUTF8(text),
        },
        long[] list => new NativeValue { Kind = ValueKind.IntList, Count = list.Length, Payload = KeptCopy(list) },
        _ => default,
    };

    private static nint KeptCopy(long[] list)
    {
        nint copy = Marshal.AllocCoTaskMem(Math.Max(1, list.Length) * sizeof(long));
        Marshal.Copy(list, 0, copy, list.Length);
        return copy;
    }

    private static DoorException Wrong(string reason) => new(NativeStatus.Argument, reason);
}
