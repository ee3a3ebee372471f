using System.Text.Json;
using System.Text.Json.Nodes;

namespace Nvg.Tests;

/// <summary>
/// Names and shapes of the parameters of the published code at reduced sizes (<c>tests/fixtures/published_shapes.json</c>).
/// </summary>
/// <param name="Sizes">The sizes that they belong to.</param>
/// <param name="Shapes">By parameter name.</param>
internal sealed record PublishedShapes(JsonObject Sizes, Dictionary<string, long[]> Shapes)
{
    /// <summary>Both generators, with the projector that aligns features in training.</summary>
    internal static PublishedShapes Generator => Of("generator_train");

    /// <summary>Encoder and decoder.</summary>
    internal static PublishedShapes Autoencoder => Of("autoencoder");

    /// <summary>Codebook and refiners.</summary>
    internal static PublishedShapes Quantizer => Of("quantizer");

    private static PublishedShapes Of(string kind)
    {
        using FileStream file = File.OpenRead(ReferenceFixtures.Path("published_shapes.json"));
        JsonObject entry = JsonNode.Parse(file)![kind]!.AsObject();
        return new PublishedShapes(entry["sizes"]!.AsObject(), entry["shapes"].Deserialize<Dictionary<string, long[]>>()!);
    }
}
