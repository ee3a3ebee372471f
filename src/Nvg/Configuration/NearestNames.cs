namespace Nvg.Configuration;

/// <summary>Suggestions for a misspelt name.</summary>
public static class NearestNames
{
    /// <summary>The names that contain the typed text or differ from it by a few letters, nearest first.</summary>
    /// <param name="typed">The misspelt name.</param>
    /// <param name="names">All valid names; duplicates count once.</param>
    /// <param name="most">Maximum number of suggestions.</param>
    public static IReadOnlyList<string> Of(string typed, IEnumerable<string> names, int most)
    {
        string lower = typed.ToLowerInvariant();
        int tolerance = Math.Max(2, lower.Length / 3);
        return [.. names.Distinct()
            .Select(name => (Name: name, Distance: Distance(lower, name)))
            .Where(candidate => candidate.Distance <= tolerance && candidate.Distance < candidate.Name.Length)
            .OrderBy(candidate => candidate.Distance).Take(most).Select(candidate => candidate.Name)];
    }

    private static int Distance(string lower, string name) =>
        name.Contains(lower, StringComparison.OrdinalIgnoreCase) ? 1 : EditDistance(lower, name.ToLowerInvariant());

    // Insertions, deletions, replacements and swaps of neighbours.
    private static int EditDistance(string a, string b)
    {
        int[,] distance = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    distance[i, j] = i + j;
                    continue;
                }

                int replaced = distance[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                int best = Math.Min(replaced, Math.Min(distance[i - 1, j], distance[i, j - 1]) + 1);
                bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                distance[i, j] = exchanged ? Math.Min(best, distance[i - 2, j - 2] + 1) : best;
            }
        }

        return distance[a.Length, b.Length];
    }
}
