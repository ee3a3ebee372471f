using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Nvg.Cli.Terminal;

/// <summary>Writes results as JSON to standard output, for <c>--json</c>.</summary>
internal static class MachineOutput
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Writes a result.</summary>
    /// <exception cref="IOException">Standard output cannot be written.</exception>
    internal static void Write<T>(T result)
    {
        try
        {
            Console.Out.WriteLine(Format(result));
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw FileFailure.Unwritable("standard output", error);
        }
    }

    internal static string Format<T>(T result) => JsonSerializer.Serialize(result, Options);
}
