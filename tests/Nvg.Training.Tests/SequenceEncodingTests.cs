using Nvg.Data.Datasets;
using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Training.Distributed;
using Nvg.Training.Tasks;
using Nvg.Training.Tasks.Generators;

namespace Nvg.Training.Tests;

/// <summary>Encoded data sets: ended in the middle, damaged, by several processes, and as earlier versions left them.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class SequenceEncodingTests : IDisposable
{
    private const int Images = 12, RowsPerFile = 5;

    private static readonly SequenceVariants Variants = new(1, Mirrored: true, Seed: 1);

    private readonly TemporaryFolder _folder = new();
    private readonly Tokenizer _tokenizer = Tiny.Tokenizer();
    private readonly CountedImages _data;

    public SequenceEncodingTests()
    {
        Tiny.Prepare(_folder["images"], _folder["data"]);
        _data = new CountedImages(PackedDataset.Open(_folder["data"]));
    }

    [Fact]
    public void Open_AnyRowsPerFile_GivesTheSameSequences()
    {
        long[] one = Encode("one", rowsPerFile: 100), five = Encode("five");
        Assert.Equal(one, five);
        Assert.Equal(5, Directory.GetFiles(_folder["five/sequences"]).Length);
        Assert.Equal(4 * Images, _data.Read);
        Encode("five");
        Assert.Equal(4 * Images, _data.Read);
    }

    [Fact]
    public void Open_EndedInTheMiddle_GoesOnWithTheFilesThatAreMissing()
    {
        long[] expected = Encode("straight");
        using (var stop = new CancellationTokenSource())
        {
            // The second file is whole when the third is begun.
            var progress = new SynchronousProgress<int>(rows =>
            {
                if (rows == 2 * RowsPerFile)
                    stop.Cancel();
            });
            Assert.ThrowsAny<OperationCanceledException>(() => Encode("ended", progress: progress, cancellation: stop.Token));
        }

        string[] files = [.. Directory.GetFiles(_folder["ended/sequences"]).Order(StringComparer.Ordinal)];
        Assert.Equal(["000000.safetensors", "000001.safetensors"], files.Select(Path.GetFileName));
        // A kill leaves the file that it was writing under another name.
        File.WriteAllText(_folder["ended/sequences/.000002.safetensors.1.tmp"], "half");
        DateTime written = File.GetLastWriteTimeUtc(files[0]);
        _data.Read = 0;
        Assert.Equal(expected, Encode("ended"));
        Assert.Equal(2 * Images - 2 * RowsPerFile, _data.Read);
        Assert.Equal(written, File.GetLastWriteTimeUtc(files[0]));
        Assert.Empty(Directory.GetFiles(_folder["ended/sequences"], ".*"));
    }

    [Fact]
    public void Open_DamagedFileOrAnotherKey_IsEncodedAnew()
    {
        long[] expected = Encode("run");
        string damaged = _folder["run/sequences/000003.safetensors"];
        File.WriteAllBytes(damaged, File.ReadAllBytes(damaged)[..^3]);
        _data.Read = 0;
        Assert.Equal(expected, Encode("run"));
        Assert.Equal(RowsPerFile, _data.Read);
        Assert.Equal(expected, Encode("run", key: "another"));
        Assert.Equal(RowsPerFile + 2 * Images, _data.Read);
    }

    [Fact]
    public void Open_SeveralProcesses_EachEncodesItsShareOnce()
    {
        long[] expected = Encode("alone");
        _data.Read = 0;
        (long[] Rows, int Done)[] all = TinyRuns.Together(3, processes =>
        {
            int done = 0;
            return (Encode("together", processes: processes, progress: new SynchronousProgress<int>(rows => done = rows)), done);
        });
        Assert.All(all, a => Assert.Equal(expected, a.Rows));
        Assert.Equal(2 * Images, _data.Read);
        Assert.Equal([2 * RowsPerFile, RowsPerFile + 4, RowsPerFile], all.Select(a => a.Done));
    }

    [Fact]
    public void Open_SingleFileOfAnEarlierVersion_IsUsedAsItIs()
    {
        long[] expected = Encode("new");
        Merge("new/sequences", "old/sequences.safetensors", "key");
        _data.Read = 0;
        Assert.Equal(expected, Encode("old"));
        Assert.Equal(0, _data.Read);
        Assert.False(Directory.Exists(_folder["old/sequences"]));
        // Of other data it is passed over.
        Assert.Equal(expected, Encode("old", key: "another"));
        Assert.Equal(2 * Images, _data.Read);
    }

    [Fact]
    public void SequenceCache_FileThatOthersWroteElsewhere_IsNamed()
    {
        var error = Assert.Throws<NvgDataException>(() => new EncodedRows([(_folder["nowhere/000000.safetensors"], "key")], 1, 1));
        Assert.Contains("000000.safetensors", error.Message, StringComparison.Ordinal);
        Assert.Contains("run folder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OpenGiven_SequencesOfAnotherRun_AreUsedWithoutImages()
    {
        long[] expected = Encode("run");
        File.Delete(_folder["data/images.u8"]);
        using IImageDataset labels = ImageDataset.OpenLabels(_folder["data"]);
        Assert.Equal(_data.Fingerprint, labels.Fingerprint);
        var encoding = new SequenceEncoding(_tokenizer, labels, Variants, Device.Cpu, TrainingProcesses.Single, RowsPerFile);
        using SequenceCache cache = encoding.OpenGiven(_folder["run/sequences"], "key");
        Assert.Equal(expected, AllRows(cache));
    }

    [Fact]
    public void OpenGiven_SequencesThatAreNotThoseOfTheRun_AreNamed()
    {
        Encode("run");
        var encoding = new SequenceEncoding(_tokenizer, _data, Variants, Device.Cpu, TrainingProcesses.Single, RowsPerFile);
        Assert.Contains("another tokenizer", Refusal("run/sequences", "another"), StringComparison.Ordinal);
        File.Delete(_folder["run/sequences/000002.safetensors"]);
        Assert.Contains("000002.safetensors", Refusal("run/sequences", "key"), StringComparison.Ordinal);
        Assert.Contains("not found", Refusal("nowhere", "key"), StringComparison.Ordinal);

        string Refusal(string folder, string key) =>
            Assert.Throws<NvgDataException>(() => encoding.OpenGiven(_folder[folder], key)).Message;
    }

    [Fact]
    public void Load_RowsKeptOnADevice_AreThoseOfTheFiles()
    {
        long[] expected = Encode("run");
        IEnumerable<(string, string)> files = Enumerable.Range(0, 5).Select(i =>
            (_folder[$"run/sequences/{i:D6}.safetensors"], $"key file {i} of 5, {RowsPerFile} of {2 * Images} rows"));
        using var kept = new EncodedRows(files, RowsPerFile, Images) { IsKeptOn = _ => true };
        using var cache = new SequenceCache(kept, _tokenizer.Config.Grid);
        Assert.Equal(expected, AllRows(cache));
    }

    public void Dispose()
    {
        _data.Dispose();
        _tokenizer.Dispose();
        _folder.Dispose();
    }

    // All rows in order, as one list of labels and tokens.
    private long[] Encode(
        string run, string key = "key", int rowsPerFile = RowsPerFile, TrainingProcesses? processes = null,
        IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        using var scope = new TensorScope();
        var encoding = new SequenceEncoding(_tokenizer, _data, Variants, Device.Cpu, processes ?? TrainingProcesses.Single, rowsPerFile);
        using SequenceCache cache = encoding.Open(_folder[run], key, progress, cancellation);
        return AllRows(cache);
    }

    private static long[] AllRows(SequenceCache cache)
    {
        using var scope = new TensorScope();
        int[] rows = [.. Enumerable.Range(0, 2 * Images)];
        using GranularitySequence sequence = cache.Load(
            Array.ConvertAll(rows, r => r % Images), Array.ConvertAll(rows, r => r / Images), Device.Cpu);
        return [.. sequence.Structure_BSL.ToArray<long>(), .. sequence.Content.SelectMany(c => c.ToArray<long>())];
    }

    private void Merge(string folder, string file, string key)
    {
        using var scope = new TensorScope();
        SafetensorsFile[] parts = [.. Directory.GetFiles(_folder[folder]).Order(StringComparer.Ordinal).Select(SafetensorsFile.Open)];
        SafetensorsFile.Write(
            _folder[file], new[] { "finest", "tokens" }.ToDictionary(
                n => n, n => Tensor.Cat([.. parts.Select(p => p[n])], 0)), new Dictionary<string, string> { ["key"] = key });
        Array.ForEach(parts, p => p.Dispose());
    }

    /// <summary>Images that count how often they are read.</summary>
    private sealed class CountedImages(PackedDataset data) : IImageDataset
    {
        private int _read;

        internal int Read
        {
            get => _read;
            set => _read = value;
        }

        public int Count => data.Count;

        public int Size => data.Size;

        public IReadOnlyList<string> Classes => data.Classes;

        public string Fingerprint => data.Fingerprint;

        public bool IsEncoded => data.IsEncoded;

        public int Label(int index) => data.Label(index);

        public void CopySquare(int index, ImageCrop crop, Span<byte> destination)
        {
            Interlocked.Increment(ref _read);
            data.CopySquare(index, crop, destination);
        }

        public void Dispose() => data.Dispose();
    }
}
