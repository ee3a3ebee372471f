using System.Globalization;

namespace Nvg.Torch.Interop.Managed;

/// <summary>The parameters and results of an operator, parsed from libtorch's notation.</summary>
internal sealed class OperatorSchema
{
    private OperatorSchema(string text, string name, Parameter[] parameters, ParameterType[] results)
    {
        Text = text;
        Name = name;
        Parameters = parameters;
        Results = results;
    }

    /// <summary>The notation.</summary>
    internal string Text { get; }

    /// <summary>Name and overload, such as <c>softmax.int</c>.</summary>
    internal string Name { get; }

    internal Parameter[] Parameters { get; }

    internal ParameterType[] Results { get; }

    /// <summary>Parses <c>name.overload(type parameter=default, …) -> type</c>.</summary>
    /// <exception cref="FormatException">A type or a default is unknown.</exception>
    internal static OperatorSchema Parse(string text)
    {
        int open = text.IndexOf('('), arrow = text.LastIndexOf("->", StringComparison.Ordinal);
        int close = text.LastIndexOf(')', arrow);
        Parameter[] parameters = [.. Split(text[(open + 1)..close]).Where(p => p != "*").Select(ParseParameter)];
        string results = text[(arrow + 2)..].Trim();
        string[] types = results.StartsWith('(') ? Split(results[1..^1]) : [results];
        return new OperatorSchema(text, text[..open], parameters, [.. types.Select(t => ParameterType.Parse(t.Split(' ')[0]))]);
    }

    private static string[] Split(string list) =>
        list.Split(", ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static Parameter ParseParameter(string text)
    {
        int equals = text.IndexOf('='), name = text.LastIndexOf(' ', equals < 0 ? text.Length - 1 : equals);
        ParameterType type = ParameterType.Parse(text[..name].Replace(" ", "", StringComparison.Ordinal));
        return equals < 0
            ? new Parameter(text[(name + 1)..], type, null)
            : new Parameter(text[(name + 1)..equals], type, ParseDefault(text[(equals + 1)..], type));
    }

    private static object ParseDefault(string text, ParameterType type) => text switch
    {
        "None" => NoValue,
        "True" => true,
        "False" => false,
        "Mean" => 1L, // of a reduction
        "contiguous_format" => 0L,
        "[]" => Array.Empty<long>(),
        ['\'' or '"', .. var word, _] => word,
        _ when type.IsList => Enumerable.Repeat(long.Parse(text, CultureInfo.InvariantCulture), type.ListSize).ToArray(),
        _ when type.Base == BaseType.Float => double.Parse(text, CultureInfo.InvariantCulture),
        _ => long.Parse(text, CultureInfo.InvariantCulture),
    };

    /// <summary>The default value None; a null reference means that there is no default.</summary>
    internal static object NoValue { get; } = new();

    /// <summary>One parameter.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Type">Its type.</param>
    /// <param name="Default">
    /// A number, Boolean, string, list of integers or <see cref="NoValue"/>; null if the argument is required.
    /// </param>
    internal sealed record Parameter(string Name, ParameterType Type, object? Default);
}
