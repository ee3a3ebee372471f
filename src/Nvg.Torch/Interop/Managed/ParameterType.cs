namespace Nvg.Torch.Interop.Managed;

/// <summary>The basic type of a schema value, without lists and optionals.</summary>
internal enum BaseType
{
    Tensor,

    /// <summary>Integers, and types that are passed as integers: symbolic sizes, element types, layouts, memory formats.</summary>
    Int,
    Float,
    Bool,
    Text,
    Device,
    Generator,
}

/// <summary>The type of a parameter or result, such as <c>Tensor?[]</c> or <c>int[1]?</c>.</summary>
/// <param name="Base">Type of the elements.</param>
/// <param name="IsList">Whether it is a list.</param>
/// <param name="ListSize">Length specified by the schema; 0 for any.</param>
/// <param name="IsOptional">Whether None is allowed for the whole value.</param>
/// <param name="HasOptionalElements">Whether None is allowed for the elements of a list.</param>
internal readonly record struct ParameterType(BaseType Base, bool IsList, int ListSize, bool IsOptional, bool HasOptionalElements)
{
    /// <summary>Parses libtorch's notation; alias annotations are skipped.</summary>
    /// <exception cref="FormatException">The managed door does not support the type.</exception>
    internal static ParameterType Parse(string text)
    {
        string bare = WithoutAlias(text);
        bool optional = bare.EndsWith('?');
        if (optional)
            bare = bare[..^1];
        int bracket = bare.IndexOf('[');
        if (bracket < 0)
            return new ParameterType(BaseOf(bare), false, 0, optional, false);
        string size = bare[(bracket + 1)..^1], element = bare[..bracket];
        bool optionalElements = element.EndsWith('?');
        return new ParameterType(
            BaseOf(optionalElements ? element[..^1] : element), true, size.Length == 0 ? 0 : int.Parse(size), optional, optionalElements);
    }

    private static string WithoutAlias(string text)
    {
        int open = text.IndexOf('(');
        return open < 0 ? text : text[..open] + text[(text.IndexOf(')', open) + 1)..];
    }

    private static BaseType BaseOf(string name) => name switch
    {
        "Tensor" => BaseType.Tensor,
        "int" or "SymInt" or "ScalarType" or "Layout" or "MemoryFormat" => BaseType.Int,
        "float" => BaseType.Float,
        "bool" => BaseType.Bool,
        "str" => BaseType.Text,
        "Device" => BaseType.Device,
        "Generator" => BaseType.Generator,
        _ => throw new FormatException($"the stable interface does not support {name}"),
    };
}
