using System.Collections.Frozen;

namespace Nvg.Torch.Interop.Managed;

/// <summary>
/// The schemas of the operators that the managed door calls. The stable interface cannot return schemas, but needs every argument in the
/// type that the schema specifies. <c>operators.txt</c> contains the schemas as registered by libtorch 2.10.
/// </summary>
internal static class OperatorTable
{
    private static readonly FrozenDictionary<string, string> Schemas = Read();

    /// <summary>The names, with their overloads.</summary>
    internal static IEnumerable<string> Names => Schemas.Keys;

    /// <summary>The schema of an operator in libtorch's notation, without its namespace; null if it is not in the table.</summary>
    internal static string? TextOf(string name) => Schemas.GetValueOrDefault(name);

    /// <summary>
    /// The parsed schema of an operator such as <c>softmax.int</c>, without its namespace; null if it is not in the table.
    /// </summary>
    /// <exception cref="FormatException">The stable interface does not support one of its types.</exception>
    internal static OperatorSchema? Find(string name) => TextOf(name) is { } text ? OperatorSchema.Parse(text) : null;

    private static FrozenDictionary<string, string> Read()
    {
        using Stream stream = typeof(OperatorTable).Assembly.GetManifestResourceStream("operators.txt")!;
        using var reader = new StreamReader(stream);
        string[] lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Where(line => line[0] != '#').ToFrozenDictionary(line => line[..line.IndexOf('(')]);
    }
}
