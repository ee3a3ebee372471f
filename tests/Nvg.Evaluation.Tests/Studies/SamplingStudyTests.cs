using Nvg.Checkpoints;
using Nvg.Classifiers;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Evaluation.Classes;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Studies;
using Nvg.Generators;
using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Evaluation.Tests.Studies;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class SamplingStudyTests : IDisposable
{
    private static readonly string[] Labels = ["stripes", "waves", "zebras"];

    private readonly TemporaryFolder _folder = new();

    public SamplingStudyTests()
    {
        Tiny.Prepare(_folder["images"], _folder["data"], perClass: 5);
        using Tokenizer tokenizer = Tiny.Tokenizer();
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(2));
        NvgModel.Save(
            _folder["model"],
            new ModelConfig
            {
                Name = "tiny",
                Tokenizer = Tiny.TokenizerSizes,
                Generator = Tiny.GeneratorSizes,
                Sampling = new() { StructureSteps = 2 }
            }, tokenizer.Parameters, generator.Parameters, Labels);
        var sizes = new ClassifierConfig { ImageSize = 8, WhiteningChannels = 8, BlockChannels = [4], ClassCount = 3 };
        using var network = new ImageClassifier(sizes, ParameterSource.Random(3));
        ClassifierModel.Save(_folder["classifier"], new() { Name = "tiny-classifier", Classifier = sizes }, network.Parameters, Labels);
    }

    [Fact]
    public void Run_PointsOfAStudy_ShareSeedsAndAreKept()
    {
        using NvgModel model = NvgModel.Load(_folder["model"]);
        using var network = ClassifierFeatures.Load(_folder["classifier"]);
        StudyPoint plain = new("plain", []), same = new("same again", [new("structureSteps", "2")]), other = new(
            "other", [new("structureSteps", "1")]);
        StudyResult first, again;
        using (var study = Study(model, network))
        {
            first = study.Run(plain);
            StudyResult equal = study.Run(same), different = study.Run(other);
            Assert.Equal((first.FrechetDistance, first.ClassAccuracy, first.ClassConfidence), (
                equal.FrechetDistance, equal.ClassAccuracy, equal.ClassConfidence));
            Assert.NotEqual(first.FrechetDistance, different.FrechetDistance);
            Assert.Equal(9, first.Count);
            Assert.InRange(first.ClassAccuracy, 0, 1);
            RgbImage alone = Alone(model, classNumber: 1, seed: 4);
            Assert.Equal(alone.Pixels, study.FirstOfEachClass(plain)[1].Pixels);
        }

        DateTime written = File.GetLastWriteTimeUtc(_folder["study/points/base.npz"]);
        using (var study = Study(model, network))
            again = study.Run(plain);
        Assert.Equal(first.SecondsPerImage, again.SecondsPerImage);
        Assert.Equal(written, File.GetLastWriteTimeUtc(_folder["study/points/base.npz"]));
        using (var study = new SamplingStudy(model, network, Settings with { Seed = 5 }))
            Assert.NotEqual(first.Key, study.Run(plain).Key);
    }

    [Fact]
    public void Run_ReferenceChangedAtTheSamePath_IsMeasuredAnew()
    {
        using NvgModel model = NvgModel.Load(_folder["model"]);
        using var network = ClassifierFeatures.Load(_folder["classifier"]);
        var plain = new StudyPoint("plain", []);
        StudyResult first, repacked, files;
        using (var study = Study(model, network))
            first = study.Run(plain);
        Directory.Delete(_folder["data"], recursive: true);
        Tiny.Prepare(_folder["other"], _folder["data"], perClass: 4);
        using (var study = Study(model, network))
            repacked = study.Run(plain);
        Assert.NotEqual(first.FrechetDistance, repacked.FrechetDistance);
        using (var study = new SamplingStudy(model, network, Settings with { Reference = _folder["images"] }))
            files = study.Run(plain);
        File.Delete(Directory.GetFiles(_folder["images/waves"])[0]);
        using (var study = new SamplingStudy(model, network, Settings with { Reference = _folder["images"] }))
            Assert.NotEqual(files.FrechetDistance, study.Run(plain).FrechetDistance);
    }

    [Fact]
    public void Run_PointThatWasEndedOrDamaged_HasFiguresOfItsImages()
    {
        using NvgModel model = NvgModel.Load(_folder["model"]);
        using var network = ClassifierFeatures.Load(_folder["classifier"]);
        var plain = new StudyPoint("plain", []);
        StudyResult first;
        using (var study = Study(model, network))
            first = study.Run(plain);
        // Another study in the same folder ends between its images and its figures.
        using var ended = new CancellationTokenSource();
        using (var study = new SamplingStudy(model, network, Settings with { Seed = 5 }))
            Assert.Throws<OperationCanceledException>(
                () => study.Run(plain, new SynchronousProgress<string>(_ => ended.Cancel()), ended.Token));
        Assert.False(File.Exists(_folder["study/points/base.json"]));
        using (var study = Study(model, network))
            Assert.Equal(first.FrechetDistance, study.Run(plain).FrechetDistance);
        File.WriteAllText(_folder["study/points/base.json"], "{");
        using (var study = Study(model, network))
            Assert.Equal(first.FrechetDistance, study.Run(plain).FrechetDistance);
    }

    [Fact]
    public void Run_OtherThreads_IsTimedAnew()
    {
        using NvgModel model = NvgModel.Load(_folder["model"]);
        using var network = ClassifierFeatures.Load(_folder["classifier"]);
        var plain = new StudyPoint("plain", []);
        int threads = TorchRuntime.ThreadCount;
        try
        {
            string key;
            using (var study = Study(model, network))
                key = study.Run(plain).Key;
            TorchRuntime.ThreadCount = threads + 1;
            using (var study = Study(model, network))
                Assert.NotEqual(key, study.Run(plain).Key);
        }
        finally
        {
            TorchRuntime.ThreadCount = threads;
        }
    }

    [Fact]
    public void Run_WholeSequenceKept_GivesTheReconstructionsOfTheReferenceImages()
    {
        using NvgModel model = NvgModel.Load(_folder["model"]);
        using var network = ClassifierFeatures.Load(_folder["classifier"]);
        PackThreeClasses();
        using var study = new SamplingStudy(model, network, Settings with { Given = _folder["three"] });
        var all = new StudyPoint("all", [new("keep", $"both:{Tiny.GeneratorSizes.Grid.StageCount}")]);
        study.Run(all);
        RgbImage[] reference = [.. LabelledImages.Prepared(_folder["three"], Labels, _ => [0, 5, 10]).Select(p => p.Image)];
        Assert.Equal(
            Reconstruction.Decode(model.Tokenizer, reference).Select(p => p.Pixels), study.FirstOfEachClass(all).Select(p => p.Pixels));
    }

    [Fact]
    public void Constructor_ReferenceImagesOfTooFewClasses_AreRefused()
    {
        using NvgModel model = NvgModel.Load(_folder["model"]);
        using var network = ClassifierFeatures.Load(_folder["classifier"]);
        var error = Assert.Throws<NvgDataException>(() => new SamplingStudy(model, network, Settings with { Given = _folder["data"] }));
        Assert.Contains("zebras", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_TooFewImages_AreRefused()
    {
        using NvgModel model = NvgModel.Load(_folder["model"]);
        using var network = ClassifierFeatures.Load(_folder["classifier"]);
        string Refusal(StudySettings settings) => Assert.Throws<NvgDataException>(
            () => new SamplingStudy(model, network, settings)).Message;
        Assert.Contains("model: 3 images are too few", Refusal(Settings with { PerClass = 1 }), StringComparison.Ordinal);
        Tiny.Prepare(_folder["few-images"], _folder["few"], perClass: 2);
        Assert.Contains("few: 4 images are too few", Refusal(Settings with { Reference = _folder["few"] }), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_PointThatCannotBeDrawn_IsNamed()
    {
        using NvgModel model = NvgModel.Load(_folder["model"]);
        using var network = ClassifierFeatures.Load(_folder["classifier"]);
        using var study = Study(model, network);
        Assert.Contains("needs reference images", Assert.Throws<NvgDataException>(
            () => study.Check(new("p", [new("keep", "structure:2")]))).Message, StringComparison.Ordinal);
        Assert.Contains(
            "top-p", Assert.Throws<NvgDataException>(() => study.Check(new("p", [new("topP", "2")]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_Results_LeavesTablesAndAReport()
    {
        StudyResult[] results = [.. new[] { (1, 0.25), (2, 0.5) }.Select(r => new StudyResult
        {
            Key = "k",
            Name = $"structureSteps {r.Item1}",
            Changes = new Dictionary<string, string> { ["structureSteps"] = $"{r.Item1}" },
            Count = 9,
            ClassAccuracy = r.Item2,
            ClassConfidence = 0.5,
            FrechetDistance = 10.0 / r.Item1,
            Precision = 0.5,
            Recall = 0.25,
            SecondsPerImage = 0.125,
        })];
        IReadOnlyList<RgbImage> row = [new(8, 8), new(8, 8)];
        Directory.CreateDirectory(_folder["out"]);
        StudyTable.Write(_folder["out"], "Sweep", "about", results, [row, row], [new("model", "m")], "./nvg evaluate sweep");
        Assert.Equal(
            "setting,images,class accuracy,Fréchet distance,precision,recall,seconds per image\n"
                + "structureSteps 1,9,0.250,10.00,0.500,0.250,0.125\n"
                + "structureSteps 2,9,0.500,5.00,0.500,0.250,0.125\n",
            File.ReadAllText(_folder["out/results.csv"]));
        Assert.Contains("| structureSteps 2 | 9 | 0.500 | 5.00 |", File.ReadAllText(_folder["out/results.md"]), StringComparison.Ordinal);
        Assert.Equal(2, System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(_folder["out/results.json"]))!.AsArray().Count);
        // Five figures over the varied setting, and accuracy over distance.
        Assert.Equal(6, StudyTable.Plots(results).Count());
        Assert.Equal(6, File.ReadAllText(_folder["out/report.html"]).Split("<svg").Length - 1);
    }

    public void Dispose() => _folder.Dispose();

    private StudySettings Settings => new() { Folder = _folder["study"], Reference = _folder["data"], PerClass = 3, Seed = 4, Batch = 1 };

    private void PackThreeClasses()
    {
        foreach ((string name, string source) in new[] { ("stripes", "stripes"), ("waves", "waves"), ("zebras", "waves") })
        {
            foreach (string file in Directory.GetFiles(_folder[$"images/{source}"]))
                _folder.Write($"three-images/{name}/{Path.GetFileName(file)}", File.ReadAllBytes(file));
        }

        Preparation.RunAsync(
            ImageSource.Open(_folder["three-images"]), _folder["three"],
            new PreparationOptions { Size = 8, Threads = 1 }).GetAwaiter().GetResult();
    }

    private SamplingStudy Study(NvgModel model, ClassifierFeatures network) => new(model, network, Settings);

    private static RgbImage Alone(NvgModel model, int classNumber, ulong seed) =>
        model.Generate(new GenerationRequest { Images = [new ImageRequest(classNumber, seed)] }).Single().Image;
}
