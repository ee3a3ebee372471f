using System.Globalization;
using Nvg.Pretrained;
using Nvg.Tokenizers;
using Nvg.Training.Optimization;
using Nvg.Training.Planning.Facts;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Training.Planning;

/// <summary>Chooses the sizes of images and networks from the facts about data, machine and time.</summary>
internal sealed class SizePlanner
{
    // Number of images that the tokenizer should see, on the machine and in the given time, for an image size to be worthwhile.
    private static readonly (int Size, double Images)[] SizeNeeds = [(32, 0), (64, 6e3), (128, 1.5e5), (256, 1e6), (512, 5e6)];

    // Number of images that the generators should see for a depth to be worthwhile, and size of the data set below which this
    // depth only memorises.
    private static readonly (int Depth, double Seen, int Data)[] DepthNeeds =
        [(2, 0, 0), (4, 6e4, 500), (6, 5e5, 10_000), (8, 2e6, 40_000), (12, 1e7, 200_000), (16, 3e7, 1_000_000)];

    // Number of images that the tokenizer should see with a perceptual loss, which costs as much as a narrow tokenizer.
    private const double PerceptualNeed = 5e4;

    private static readonly (int Codes, int Channels, int Data)[] CodebookNeeds =
        [(256, 8, 0), (512, 8, 600), (1024, 16, 100_000), (4096, 32, 1_000_000)];

    private static readonly (int Channels, double Seen)[] WidthNeeds = [(16, 0), (32, 5e5), (64, 4e6), (128, 3e7)];

    private readonly PlanRequest _request;
    private readonly DataFacts _data;
    private readonly MachineFacts _machine;
    private readonly TimeBudget _time;
    // Factors on estimated numbers of images in the reasons, so that they agree with rates that were measured.
    private readonly (double Tokenizer, double Generator) _measured;
    private readonly List<PlanChoice> _choices = [];

    private SizePlanner(
        PlanRequest request, DataFacts data, MachineFacts machine, TimeBudget time, (double Tokenizer, double Generator) measured) =>
        (_request, _data, _machine, _time, _measured) = (request, data, machine, time, measured);

    // Factor on the number of images that a larger network must see.
    private double Caution => _request.Quality switch { PlanQuality.Draft => 4, PlanQuality.Best => 0.4, _ => 1 };

    /// <summary>Chooses the sizes.</summary>
    /// <param name="request">The request.</param>
    /// <param name="data">The images.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="time">The time of the stages.</param>
    /// <param name="measured">Rates measured with these sizes, for the reasons; null for estimates.</param>
    /// <param name="choices">Receives the choices with their reasons.</param>
    internal static PlannedSizes Choose(
        PlanRequest request, DataFacts data, MachineFacts machine, TimeBudget time, StageRates? measured, ICollection<PlanChoice> choices)
    {
        var planner = new SizePlanner(request, data, machine, time, (1, 1));
        PlannedSizes sizes = planner.Choose();
        if (measured is not null)
        {
            StageRates estimated = sizes.Estimate(machine);
            planner = new SizePlanner(
                request, data, machine, time,
                (measured.Tokenizer / estimated.Tokenizer, measured.Generator / estimated.Generator));
            planner.Choose();
        }

        foreach (PlanChoice choice in planner._choices)
            choices.Add(choice);
        return sizes;
    }

    private PlannedSizes Choose()
    {
        int size = ChooseSize();
        TokenizerRunConfig tokenizer = ChooseWidth(Tokenizer(size, 16, WithPerceptual(size)));
        IReadOnlyList<int> classifier = _time.Classifier > 0 ? ClassifierChannels(size) : [];
        return ChooseDepth(tokenizer, classifier);
    }

    private int ChooseSize()
    {
        if (_data.PreparedSide is { } prepared)
            return Chosen("image size", prepared, $"{prepared} × {prepared} pixels", "the size of the prepared data");
        int largest = ImageSizes.LargestWithin(_data.MedianSide);
        if (_request.Size is { } size)
        {
            string reason = size > largest ? $"as asked, though half of the images are smaller than {size} pixels" : "as asked";
            return Chosen("image size", size, $"{size} × {size} pixels", reason);
        }

        int affordable = SizeNeeds.Last(need => need.Size == SizeNeeds[0].Size || SeenByTokenizer(need.Size) >= need.Images * Caution).Size;
        int chosen = Math.Min(affordable, largest);
        string why = chosen < affordable || affordable == SizeNeeds[^1].Size
            ? $"the largest size that half of the images have (their shorter side is {_data.MedianSide} pixels)"
            : $"what the time allows: about {RoundTokenizer(SeenByTokenizer(chosen))} images seen by the tokenizer; "
                + $"{2 * chosen} × {2 * chosen} would be {RoundTokenizer(SeenByTokenizer(2 * chosen))}";
        return Chosen("image size", chosen, $"{chosen} × {chosen} pixels", why);
    }

    private bool WithPerceptual(int size) => CanBePerceptual(size) && Seen(Tokenizer(size, 16, true), 16) >= PerceptualNeed * Caution;

    private bool CanBePerceptual(int size) =>
        _machine.HasPerceptualNetwork && _request.Quality != PlanQuality.Draft && size >= PerceptualDistance.SmallestSide;

    private TokenizerRunConfig ChooseWidth(TokenizerRunConfig narrow)
    {
        int size = narrow.Tokenizer.ImageSize;
        int width = WidthNeeds.Last(need => need.Seen == 0 || Seen(narrow, need.Channels) >= need.Seen * Caution).Channels;
        TokenizerRunConfig chosen = Tokenizer(size, width, narrow.Loss.Perceptual is not null);
        TokenizerConfig sizes = chosen.Tokenizer;
        int tokens = 2 * sizes.Grid.Length - 1;
        Add("latent grid", $"{sizes.Grid.Height} × {sizes.Grid.Width}",
            $"{sizes.Grid.StageCount} stages and {tokens} tokens of an image, {Bits(sizes, tokens)} bits per pixel");
        Add("codebook", $"{sizes.CodebookSize} codes of {sizes.LatentChannels} channels", $"for {_data.Images:N0} images");
        Add("tokenizer", $"{string.Join(", ", sizes.ChannelMultipliers.Select(m => m * width))} channels",
            $"about {RoundTokenizer(Seen(chosen, width))} images seen in {Minutes(_time.Tokenizer)}");
        Add("perceptual loss", chosen.Loss.Perceptual is null ? "none" : "ResNet-18", PerceptualReason(size));
        return chosen;
    }

    private string PerceptualReason(int size) =>
        !_machine.HasPerceptualNetwork ? $"the NuGet package {ResNet18Files.Package} is not found; with it, reconstructions are sharper"
        : _request.Quality == PlanQuality.Draft ? "not used in a draft"
        : size < PerceptualDistance.SmallestSide ? "images are too small for it"
        : !WithPerceptual(size)
            ? $"it would leave time for {RoundTokenizer(Seen(Tokenizer(size, 16, true), 16))} images; pixel losses learn colours sooner"
        : "keeps textures that pixel losses blur";

    private PlannedSizes ChooseDepth(TokenizerRunConfig tokenizer, IReadOnlyList<int> classifier)
    {
        PlannedSizes Of(int depth) => new(tokenizer, depth, ContentStages: 2, StructureStages: 1, classifier);
        double SeenAt(int depth) => _time.Generator * Of(depth).Estimate(_machine).Generator;
        bool Fits(int depth) => CostModel.GeneratorMemory(tokenizer.Tokenizer.Grid.Length, depth, (2, 1), Batches.Smallest)
            <= _machine.MemoryBytes * Batches.MemoryShare;
        int depth = DepthNeeds.Last(need => need.Seen == 0
            || (_data.Images >= need.Data && SeenAt(need.Depth) >= need.Seen * Caution && Fits(need.Depth))).Depth;
        (int Depth, double Seen, int Data) next = DepthNeeds.FirstOrDefault(need => need.Depth > depth);
        string why = next.Depth == 0 ? "the largest"
            : _data.Images < next.Data ? $"{_data.Images:N0} images are too few for a larger one"
            : $"about {RoundGenerator(SeenAt(depth))} images seen in {Minutes(_time.Generator)}; "
                + $"depth {next.Depth} would see {RoundGenerator(SeenAt(next.Depth))}";
        Add("generator", $"depth {depth}, {CostModel.Parameters(depth) / 1e6:F1} M parameters", why);
        return Of(depth);
    }

    private double SeenByTokenizer(int size)
    {
        return Seen(Tokenizer(size, 16, WithPerceptual(size)), 16);
    }

    private double Seen(TokenizerRunConfig narrow, int width)
    {
        TokenizerRunConfig config = Tokenizer(narrow.Tokenizer.ImageSize, width, narrow.Loss.Perceptual is not null);
        return _time.Tokenizer * CostModel.Estimate(_machine, config, 2, (2, 1), []).Tokenizer;
    }

    private TokenizerRunConfig Tokenizer(int size, int width, bool perceptual) => new()
    {
        Name = _request.Name,
        Tokenizer = Sizes(size, width),
        Loss = new TokenizerLossOptions
        {
            L1 = 1,
            L2 = perceptual ? 0 : 1,
            Perceptual = perceptual ? new PerceptualLossOptions { Backbone = PerceptualBackbone.ResNet18, Weight = 0.5 } : null,
        },
        Training = new TrainingOptions { Steps = 1, BatchSize = Batches.Smallest, LearningRate = 1e-3 },
    };

    private TokenizerConfig Sizes(int size, int width)
    {
        (int codes, int channels, _) = CodebookNeeds.Last(need => _data.Images >= need.Data);
        return new TokenizerConfig
        {
            ImageSize = size,
            BaseChannels = width,
            ChannelMultipliers = Multipliers(size),
            ResNetBlocks = _request.Quality == PlanQuality.Best ? 2 : 1,
            NormGroups = Math.Min(32, width / 2),
            LatentChannels = channels,
            CodebookSize = codes,
        };
    }

    // Reduces to 4 × 4 positions for the smallest images, to 8 × 8 for images up to 64 pixels, and to 16 × 16 for larger images.
    private static int[] Multipliers(int size)
    {
        int grid = size switch { <= 16 => 4, <= 64 => 8, _ => 16 };
        int halvings = int.Log2(size / grid);
        return [.. Enumerable.Range(0, halvings + 1).Select(level => Math.Min(8, 1 << level))];
    }

    private static int[] ClassifierChannels(int size) =>
        [.. Enumerable.Range(0, Math.Clamp(int.Log2(size) - 2, 2, 5)).Select(block => Math.Min(256, 32 << block))];

    private int Chosen(string name, int value, string text, string reason)
    {
        Add(name, text, reason);
        return value;
    }

    private void Add(string name, string value, string reason) => _choices.Add(new PlanChoice(name, value, reason));

    private static string Bits(TokenizerConfig sizes, int tokens) =>
        (tokens * Math.Log2(sizes.CodebookSize) / sizes.ImageSize / sizes.ImageSize).ToString("F2", CultureInfo.InvariantCulture);

    private static string Minutes(double seconds) => PlanText.Time(seconds);

    private string RoundTokenizer(double images) => PlanText.Rounded(images * _measured.Tokenizer);

    private string RoundGenerator(double images) => PlanText.Rounded(images * _measured.Generator);
}
