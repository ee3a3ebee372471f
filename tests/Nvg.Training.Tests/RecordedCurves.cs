using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Nvg.Training.Tests;

/// <summary>Losses of tiny runs, recorded once. NVG_RECORD_CURVES=1 writes new ones, after a change that is meant to change them.</summary>
internal static class RecordedCurves
{
    private const string FileName = "recipe-curves.json";

    internal static void AssertFollowed(string kind, double[] losses, [CallerFilePath] string caller = "")
    {
        string beside = Path.Combine(AppContext.BaseDirectory, FileName), source = Path.Combine(Path.GetDirectoryName(caller)!, FileName);
        if (Environment.GetEnvironmentVariable("NVG_RECORD_CURVES") == "1")
        {
            JsonNode curves = File.Exists(source) ? JsonNode.Parse(File.ReadAllText(source))! : new JsonObject();
            curves[kind] = JsonSerializer.SerializeToNode(losses.Select(l => Math.Round(l, 6)));
            foreach (string path in new[] { source, beside })
                File.WriteAllText(path, curves.ToJsonString() + "\n");
        }

        double[] recorded = JsonNode.Parse(File.ReadAllText(beside))![kind]!.AsArray().Select(v => (double)v!).ToArray();
        Assert.Equal(recorded.Length, losses.Length);
        Assert.All(recorded.Zip(losses).Select((pair, i) => (pair.First, pair.Second, Limit: Tolerance(i) * Math.Abs(pair.First))), l =>
            Assert.InRange(l.Second, l.First - l.Limit, l.First + l.Limit));
    }

    // Processors round differently, and every update makes more of it: 0.3 % after three updates of an adversarial run.
    private static double Tolerance(int step) => step < 2 ? 1e-3 : 6e-3;
}
