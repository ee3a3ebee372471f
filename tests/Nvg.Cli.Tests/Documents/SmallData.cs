using System.CommandLine;
using System.Formats.Tar;
using System.IO.Compression;
using Nvg.Classifiers;
using Nvg.Cli.Terminal;
using Nvg.Imaging;
using Nvg.Labels;
using Nvg.Torch.Nn;

namespace Nvg.Cli.Tests.Documents;

/// <summary>A folder in which the commands of the documents find what they name: small models, data sets and images.</summary>
internal sealed class SmallData : IDisposable
{
    private const int PerClass = 4;

    // Values that only decide how long a command takes.
    private static readonly Dictionary<string, int> MostOf = new()
    {
        ["--per-class"] = 2,
        ["--count"] = 4,
        ["--limit"] = 8,
        ["--held-out"] = 10,
        ["--repeat"] = 1,
        ["--batch"] = 16,
    };

    private static readonly string[] ShortRun =
    [
        "--set", "training.steps=2", "--set", "training.batchSize=4", "--set", "training.warmupSteps=1",
        "--set", "training.precision=float32",
    ];

    // Added where a command has them and the document does not give them. One thread: operations of tiny models are too short
    // for more.
    private static readonly (string Name, string Value)[] Few = [("--threads", "1"), ("--limit", "8"), ("--per-class", "2")];

    // What the documents name that cannot be made small, and why it is not run.
    private static readonly (string Word, string Reason)[] NotRun =
    [
        ("ae.ckpt", "needs published weights"), ("nvg-d16", "needs published weights, or gigabytes of random ones"),
        ("models/nvg-d16", "needs published weights"),
        ("VIRTUAL_imagenet256_labeled.npz", "needs published statistics"), ("ILSVRC2012_img_train.tar", "needs ImageNet"),
        ("data/imagenet", "needs ImageNet"), ("data/imagenet-800", "needs ImageNet"),
        ("imagenet-800", "needs ImageNet"), ("imagenet-100", "needs ImageNet"),
        ("data/imagenet-100", "needs ImageNet"),
        ("resnet18", "needs a package that is not part of the project"), ("scaling", "needs finished runs of several sizes"),
        ("verify", "run by the tests of Nvg.Verification"), ("bench", "measures time"),
        ("serve", "ends only when it is stopped; run by the tests of Nvg.Server"), ("var_d16.pth", "needs published weights"),
        ("models/var-d16", "needs published weights"), ("photos", "trains for hours; run by the tests of the command"),
        ("--sequences", "needs the sequences of another run; run by SequenceEncodingTests"),
        ("distill", "trains for minutes; run by DistillCommandTests"),
        ("cifar10-4000.tar", "a subset that one makes oneself"), ("runs/fast/model", "needs the model that a run before makes"),
        ("--fetch-libtorch", "downloads 130 MB; its failures are run by LibtorchPackageTests"),
        ("CLASS", "stands for a class of the reader's model"),
        ("CONFIG", "stands for a file of the reader"), ("DISTILLED", "stands for a model of the reader"),
        ("configs/eurosat-generator.json", "needs the tokenizer of the line before"), ("dinov2.onnx", "needs published weights"),
        ("model.safetensors.index.json", "needs published weights"),
        ("runs/photos/model", "needs the model that hours of training made"), ("models/var-eurosat", "needs a trained model"),
        ("configs/eurosat-var-tokenizer.json", "needs a package that is not part of the project"),
        ("configs/eurosat-var.json", "needs the tokenizer of the line before"), ("--processes", "run by ManyProcessesTests"),
        ("merge", "merges shards of which the document shows only the first; run by SampleCommandTests"),
        ("configs/eurosat-tokenizer.json", "needs a package that is not part of the project"),
    ];

    private readonly TemporaryFolder _folder = new();

    public SmallData(string shipped, string second)
    {
        Link(shipped, "models/nvg-eurosat");
        Link(shipped, "DIR");
        Link(second, "models/nvg-cifar10");
        foreach (string shared in new[] { "configs", "examples" })
            Link(Repository.PathOf(shared), shared);
        SaveClassifier("models/eurosat-classifier", TinyShippedModel.Lines);
        SaveClassifier("models/cifar10-classifier", TinyModel.Labels);
        WriteImage("photo.jpg", 1, 80, 60);
        WriteImage("mask.png", 0, 32, 32, (x, _) => x < 16);
        WriteImage("layout.png", 0, 32, 32, (_, y) => y < 12);
        WriteArchive("cifar-10-python.tar.gz", TinyModel.Labels, 32);
        WriteArchive("eurosat", [.. TinyShippedModel.Lines.Select(line => ClassLabel.Parse(line).Name)], 64);
    }

    public string Folder => _folder.Root;

    /// <summary>Whether a command can run here.</summary>
    public static bool Covers(DocumentedCommand command) =>
        !command.IsAbridged && !NotRun.Any(known => command.Arguments.Contains(known.Word));

    /// <summary>The same command with less to do.</summary>
    public static string[] Shrink(string[] arguments)
    {
        string[] shrunk = [.. arguments];
        for (int i = 0; i + 1 < shrunk.Length; i++)
        {
            if (MostOf.TryGetValue(shrunk[i], out int most) && int.TryParse(shrunk[i + 1], out int value))
                shrunk[i + 1] = $"{Math.Min(value, most)}";
        }

        Command command = Root.Create().Parse(shrunk).CommandResult.Command;
        IEnumerable<string> few = Few.Where(option => Has(command, option.Name) && !shrunk.Contains(option.Name))
            .SelectMany(option => new[] { option.Name, option.Value });
        return shrunk switch
        {
            ["train", "classifier", ..] => [.. shrunk, .. few, .. ShortRun, "--set", "heldOut=1"],
            ["train", "--init", ..] => shrunk,
            ["train", ..] => [.. shrunk, .. few, .. ShortRun],
            ["evaluate", ..] when Has(command, "--count") && !shrunk.Contains("--count") => [.. shrunk, .. few, "--count", "4"],
            _ => [.. shrunk, .. few],
        };
    }

    /// <summary>Makes the inputs of a command that no command before it has made.</summary>
    public async Task ProvideAsync(DocumentedCommand command, Func<string[], Task<CommandResult>> run)
    {
        foreach (string[] maker in command.Arguments.Where((word, i) => i == 0 || command.Arguments[i - 1] is not ("-o" or "--output"))
            .Where(word => !Path.Exists(_folder[word])).Select(MakerOf).OfType<string[]>())
        {
            CommandResult made = await run(Shrink(maker));
            Assert.True(made.ExitCode == CommandRunner.Done, $"nvg {string.Join(' ', maker)}: {made.Error}");
        }
    }

    public void Dispose() => _folder.Dispose();

    private static bool Has(Command command, string option) => command.Options.Any(known => known.Name == option);

    private static string[]? MakerOf(string path) => path switch
    {
        "data/cifar10-train" => ["prepare", "cifar-10-python.tar.gz", "--subset", "train", "--size", "32", "-o", path],
        "data/eurosat-train" => ["prepare", "eurosat", "--subset", "train", "--size", "32", "-o", path],
        "data/eurosat-test" => ["prepare", "eurosat", "--subset", "test", "--size", "32", "-o", path],
        "data/cifar10-test" => ["prepare", "cifar-10-python.tar.gz", "--subset", "test", "--size", "32", "-o", path],
        _ when path.EndsWith(".npz", StringComparison.Ordinal) => ["sample", "--per-class", "2", "-o", path],
        _ => null,
    };

    private void Link(string target, string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        Directory.CreateSymbolicLink(_folder[name], target);
    }

    private void SaveClassifier(string folder, string[] labels)
    {
        var sizes = new ClassifierConfig
        {
            ImageSize = 32,
            WhiteningChannels = 8,
            BlockChannels = [4, 6],
            ClassCount = labels.Length,
        };
        using var network = new ImageClassifier(sizes, ParameterSource.Random(1));
        var config = new ClassifierModelConfig { Name = "tiny-classifier", Classifier = sizes };
        ClassifierModel.Save(_folder[folder], config, network.Parameters, labels);
    }

    private void WriteArchive(string name, string[] labels, int side)
    {
        using FileStream file = File.Create(_folder[name]);
        using var zip = new GZipStream(file, CompressionLevel.Fastest);
        using var tar = new TarWriter(zip);
        int seed = 0;
        foreach (string subset in new[] { "train", "test" })
        {
            foreach (string label in labels)
            {
                for (int i = 0; i < PerClass; i++)
                {
                    tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"{subset}/{label}/{i}.png")
                    {
                        DataStream = new MemoryStream(ImageFile.Encode(Noise(++seed, side, side), ImageFormat.Png)),
                    });
                }
            }
        }
    }

    private void WriteImage(string name, int seed, int width, int height, Func<int, int, bool>? isWhite = null)
    {
        RgbImage image = Noise(seed, width, height);
        for (int y = 0; y < height && isWhite is not null; y++)
        {
            for (int x = 0; x < width; x++)
                image.Row(y).Slice(x * RgbImage.Channels, RgbImage.Channels).Fill(isWhite(x, y) ? (byte)255 : (byte)0);
        }

        ImageFile.Write(_folder[name], image);
    }

    private static RgbImage Noise(int seed, int width, int height)
    {
        var image = new RgbImage(width, height);
        new Random(seed).NextBytes(image.Pixels);
        return image;
    }
}
