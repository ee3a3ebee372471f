using System.Text.Json;

namespace Nvg.Checkpoints;

/// <summary>The methods whose models this build reads, as <c>config.json</c> of a model folder names them.</summary>
public static class ModelMethod
{
    /// <summary>Next Visual Granularity; also the default for folders whose config names no method.</summary>
    public const string Nvg = "nvg";

    /// <summary>Visual autoregressive modelling by next-scale prediction.</summary>
    public const string Var = "var";

    private const string ConfigFile = "config.json", Key = "method";

    /// <summary>
    /// The method of a model folder. An invalid folder counts as NVG, because the code that loads it reports the problem.
    /// </summary>
    public static string Of(string folder)
    {
        try
        {
            using FileStream stream = File.OpenRead(Path.Combine(folder, ConfigFile));
            var options = new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };
            using JsonDocument config = JsonDocument.Parse(stream, options);
            return config.RootElement.ValueKind == JsonValueKind.Object && config.RootElement.TryGetProperty(Key, out JsonElement method)
                && method.ValueKind == JsonValueKind.String
                ? method.GetString()! : Nvg;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return Nvg;
        }
    }
}
