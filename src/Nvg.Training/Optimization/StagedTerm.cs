using System.Globalization;

namespace Nvg.Training.Optimization;

/// <summary>A loss term and its stage, if its name ends in a stage, such as <c>ce_3</c>.</summary>
/// <param name="Name">The term without the stage.</param>
/// <param name="Stage">The stage, or null.</param>
internal readonly record struct StagedTerm(string Name, int? Stage)
{
    internal static StagedTerm Of(string key)
    {
        int underscore = key.LastIndexOf('_');
        return underscore > 0 && int.TryParse(key.AsSpan(underscore + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int stage)
            ? new StagedTerm(key[..underscore], stage)
            : new StagedTerm(key, null);
    }

    public override string ToString() => Stage is { } stage ? $"{Name} of stage {stage}" : Name;
}
