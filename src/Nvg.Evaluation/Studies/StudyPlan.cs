using System.Globalization;

namespace Nvg.Evaluation.Studies;

/// <summary>Creates the points of a study.</summary>
public static class StudyPlan
{
    /// <summary>Name of the point that changes nothing.</summary>
    public const string BaseName = "model defaults";

    private static readonly int[] StructureSteps = [1, 2, 4, 8, 25];

    /// <summary>An ablation: one part of the method is removed or changed at each point.</summary>
    /// <param name="stageCount">Number of stages of the model.</param>
    /// <param name="withReference">Whether there are reference images to take structure and content from.</param>
    public static IReadOnlyList<StudyPoint> Ablation(int stageCount, bool withReference)
    {
        var points = new List<StudyPoint>
        {
            new(BaseName, []),
            One("no content guidance", "contentGuidance", "1"),
            One("no structure guidance", "structureGuidance", "1"),
            new("no guidance", [new("contentGuidance", "1"), new("structureGuidance", "1")]),
            One("no top-p", "topP", "1"),
            One("most likely token (top-k 1)", "topK", "1"),
            One("random splits (Gumbel)", "gumbel", "true"),
        };
        points.AddRange(StructureSteps.Select(n => One($"structure steps {n}", "structureSteps",
            n.ToString(CultureInfo.InvariantCulture))));
        if (!withReference)
            return points;
        points.Add(One("structure of a real image, all stages", StudyPoint.KeepKey, $"structure:{stageCount}"));
        int[] some = [.. new[] { 2, stageCount / 2 }.Where(n => n > 1 && n < stageCount).Distinct()];
        points.AddRange(some.Select(n => One($"structure of a real image, {n} stages", StudyPoint.KeepKey, $"structure:{n}")));
        points.AddRange(some.Select(n => One($"structure and content of a real image, {n} stages", StudyPoint.KeepKey, $"both:{n}")));
        return points;
    }

    /// <summary>A grid: every combination of values.</summary>
    /// <param name="axes">Keys with their values, such as <c>topP=0.8,0.9</c>.</param>
    /// <exception cref="NvgDataException">An axis has another form, or a key occurs twice.</exception>
    public static IReadOnlyList<StudyPoint> Grid(IReadOnlyList<string> axes)
    {
        IEnumerable<IReadOnlyList<KeyValuePair<string, string>>> points = [[]];
        var keys = new HashSet<string>();
        foreach (string axis in axes)
        {
            int equals = axis.IndexOf('=', StringComparison.Ordinal);
            string[] values = equals < 1
                ? []
                : axis[(equals + 1)..].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (values.Length == 0)
                throw new NvgDataException($"'{axis}' has no values: use key=value,value,…");
            if (!keys.Add(axis[..equals]))
                throw new NvgDataException($"'{axis[..equals]}' occurs twice: give all its values at once");
            points = points.SelectMany(
                point => values.Select(value => (IReadOnlyList<KeyValuePair<string, string>>)[.. point, new(axis[..equals], value)]));
        }

        return [.. points.Select(changes => new StudyPoint(string.Join(", ", changes.Select(c => $"{c.Key} {c.Value}")), changes))];
    }

    private static StudyPoint One(string name, string key, string value) => new(name, [new(key, value)]);
}
