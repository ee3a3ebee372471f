using System.Globalization;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Torch.Optim;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;

namespace Nvg.Training.Tests;

/// <summary>Which checkpoints stay, which are continued from, and that no damaged byte goes unnoticed.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class TrainingCheckpointTests : IDisposable
{
    private static readonly TrainingOptions Options = new() { Steps = 100, BatchSize = 1, LearningRate = 0.1, KeepCheckpoints = 2 };

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _warnings = [];

    [Fact]
    public void Save_NewestBestAndEveryThirtySteps_Stay()
    {
        TrainingOptions options = Options with { KeepEvery = 30, KeepBest = "l1" };
        double?[] scores = [5, 3, double.NaN, 0.5, 2, null, 4, 4, 4];
        for (int i = 0; i < scores.Length; i++)
            Save(10 * (i + 1), options, scores[i] is double.NaN ? null : scores[i]);
        Assert.Equal([30, 40, 60, 80, 90], Steps());
    }

    [Fact]
    public void Save_BetterOneLater_DropsTheBestBefore()
    {
        TrainingOptions options = Options with { KeepBest = "l1", KeepCheckpoints = 1 };
        Save(10, options, 2);
        Save(20, options, 3);
        Save(30, options, 4);
        Assert.Equal([10, 30], Steps());
        Save(40, options, 1);
        Assert.Equal([40], Steps());
    }

    [Fact]
    public void Restore_AnyByteOfTheNewestChanged_FallsBackToTheOneBefore()
    {
        var random = new Random(1);
        Save(10, Options);
        Save(20, Options);
        string newest = _folder["checkpoints/step-00000020"];
        foreach (string file in Directory.GetFiles(newest))
        {
            byte[] whole = File.ReadAllBytes(file);
            for (int trial = 0; trial < 20; trial++)
            {
                byte[] bytes = [.. whole];
                // A space that becomes another changes nothing that is read.
                int at = random.Next(bytes.Length);
                bytes[at] = (byte)(bytes[at] ^ (bytes[at] is (byte)' ' or (byte)'\n' ? 0x80 : 1 << random.Next(8)));
                File.WriteAllBytes(file, bytes);
                _warnings.Clear();
                Assert.True(Restore() == 10, $"{Path.GetFileName(file)}, byte {at}: {whole[at]:X2} became {bytes[at]:X2}");
                Assert.Contains("falling back to the previous checkpoint", Assert.Single(_warnings), StringComparison.Ordinal);
                Directory.Move(_folder["checkpoints/damaged-step-00000020"], newest);
            }

            File.WriteAllBytes(file, whole);
        }

        _warnings.Clear();
        Assert.Equal(20, Restore());
        Assert.Empty(_warnings);
    }

    [Fact]
    public void Restore_FileOfTheNewestMissing_FallsBackToTheOneBefore()
    {
        Save(10, Options);
        Save(20, Options);
        File.Delete(_folder["checkpoints/step-00000020/average.safetensors"]);
        Assert.Equal(10, Restore());
        // It neither counts among the newest nor is in the way of the next.
        Save(20, Options);
        Save(30, Options);
        Assert.Equal([20, 30], Steps());
    }

    [Fact]
    public void Restore_AllDamaged_IsAnErrorRatherThanANewStart()
    {
        Save(10, Options);
        File.WriteAllText(_folder["checkpoints/step-00000010/state.json"], "{}");
        var error = Assert.Throws<NvgDataException>(() => Restore());
        Assert.Contains("no checkpoint can be read", error.Message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(_folder["checkpoints/step-00000010"]));
    }

    [Fact]
    public void Restore_StateOfAnEarlierVersionWithoutChecksum_IsRead()
    {
        Save(10, Options);
        string path = _folder["checkpoints/step-00000010/state.json"];
        string[] lines = [.. File.ReadAllLines(path).Where(l => !l.Contains("\"checksum\"", StringComparison.Ordinal))];
        Assert.Equal(File.ReadAllLines(path).Length - 1, lines.Length);
        File.WriteAllLines(path, lines);
        Assert.Equal(10, Restore());
    }

    public void Dispose() => _folder.Dispose();

    private void Save(long step, TrainingOptions options, double? score = null) => With((parameters, average, optimizer) =>
    {
        TrainingCheckpoint.Save(_folder["checkpoints"], step, "run", parameters, average, optimizer, options, score);
        return 0;
    });

    private long? Restore() => With((parameters, average, optimizer) =>
        TrainingCheckpoint.Restore(_folder["checkpoints"], "run", parameters, average, optimizer, _warnings.Add));

    private static T With<T>(Func<ParameterStore, WeightAverage, GroupedOptimizer, T> work)
    {
        using var parameters = new ParameterStore();
        parameters.Add("weight", Tensor.Full([3], 0.5));
        using var optimizer = new GroupedOptimizer(parameters, [new ParameterGroup("", ["weight"])], Options);
        using var average = new WeightAverage(parameters, 0.9);
        return work(parameters, average, optimizer);
    }

    private long[] Steps() =>
        [.. Directory.GetDirectories(_folder["checkpoints"], "step-*").Select(
            d => long.Parse(Path.GetFileName(d)["step-".Length..], CultureInfo.InvariantCulture)).Order()];
}
