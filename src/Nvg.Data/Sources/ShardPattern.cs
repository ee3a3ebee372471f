using System.Globalization;
using System.Text.RegularExpressions;

namespace Nvg.Data.Sources;

/// <summary>Shard paths given as a pattern with a number range in braces: <c>train-{000..009}.tar</c>.</summary>
internal static partial class ShardPattern
{
    // More shards than any published data set has.
    private const int MostShards = 100_000;

    /// <summary>The paths of a pattern, in order; empty if the text does not contain a range.</summary>
    /// <exception cref="NvgDataException">The range is empty or too long.</exception>
    internal static IReadOnlyList<string> Expand(string pattern)
    {
        if (Range().Match(pattern) is not { Success: true } match)
            return [];
        string first = match.Groups["first"].Value, last = match.Groups["last"].Value;
        bool areNumbers = int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out int start)
            & int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out int end);
        if (!areNumbers || end < start || end - start >= MostShards)
            throw NvgDataException.At(pattern, $"{match.Value} is not a range of at most {MostShards} shards");
        return [.. Enumerable.Range(start, end - start + 1).SelectMany(number =>
        {
            string text = number.ToString(CultureInfo.InvariantCulture).PadLeft(first.Length, '0');
            string path = pattern[..match.Index] + text + pattern[(match.Index + match.Length)..];
            return Expand(path) is { Count: > 0 } more ? more : [path];
        })];
    }

    [GeneratedRegex(@"\{(?<first>\d+)\.\.(?<last>\d+)\}")]
    private static partial Regex Range();
}
