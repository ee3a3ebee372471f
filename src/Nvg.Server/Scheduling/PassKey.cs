using System.Text;
using Nvg.Conditioning;
using Nvg.Configuration;
using Nvg.Server.Models;

namespace Nvg.Server.Scheduling;

/// <summary>
/// The properties that images must share to be computed together without changing each other's bytes: model, settings, and which
/// stages are given completely. Images whose stage is given need no forward pass. In a mixed pass, the other images would
/// therefore be computed in a smaller product, which may round differently.
/// </summary>
internal sealed record PassKey(ServedModel Model, string Settings, string Given)
{
    private const char Nothing = '-', Part = 'p', All = 'a';

    internal static PassKey Of(ServedModel model, ImageRequest image)
    {
        string settings = NvgJson.Write(image.Options ?? model.Model.Config.Sampling);
        // If one image is interpolated to another class, all embeddings of the pass are interpolated.
        bool isBlend = image.Interpolation is { Class: not null, Share: > 0 and < 1 };
        return new PassKey(model, isBlend ? settings + "blend" : settings, Describe(image.AllGiven));
    }

    private static string Describe(PartialSequence? given)
    {
        if (given is null or { IsEmpty: true })
            return "";
        var text = new StringBuilder();
        for (int stage = 0; stage < given.Grid.StageCount; stage++)
            text.Append(Letter(given.Labels(stage))).Append(Letter(given.Tokens(stage)));
        return text.ToString();
    }

    private static char Letter(ReadOnlySpan<int> values) => !values.Contains(PartialSequence.Unknown) ? All
        : values.ContainsAnyExcept(PartialSequence.Unknown) ? Part : Nothing;
}
