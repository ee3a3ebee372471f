using Nvg.Conditioning;
using Nvg.Granularity;

namespace Nvg.Server.Native;

/// <summary>Counts the content tokens of an image that were drawn and not given.</summary>
internal static class DrawnTokens
{
    internal static int Count(GeneratedImage image)
    {
        LatentGrid grid = image.Sequence.Grid;
        if (image.Request.AllGiven is not { } given)
            return LatentGrid.TokenCount(grid.LastStage);
        int drawn = 0;
        for (int stage = 0; stage < grid.StageCount; stage++)
        {
            ReadOnlySpan<int> labels = image.Sequence.Labels(stage), tokens = given.Tokens(stage);
            var open = new HashSet<int>();
            for (int l = 0; l < labels.Length; l++)
            {
                if (tokens[l] == PartialSequence.Unknown)
                    open.Add(labels[l]);
            }

            drawn += open.Count;
        }

        return drawn;
    }
}
