using Nvg.Conditioning;
using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>
/// All random numbers of a batch of images, drawn in advance from one random generator per image, so an image depends only on its own seed,
/// never on the other images of the batch. Owns its tensors.
/// </summary>
public sealed class ImageNoise : IDisposable
{
    // Separate streams, so that Gumbel noise and additional draws do not change which tokens are drawn.
    private const ulong GumbelStream = 0x9E3779B97F4A7C15, DrawStream = 0xD1B54A32D192ED03;

    private readonly LatentGrid _grid;
    private readonly Tensor _tokens_BM;
    private readonly Tensor _gumbel_BKL;
    private readonly ulong[] _seeds;

    /// <param name="structure_BLK">Normal noise of the structure flow.</param>
    /// <param name="tokens_BM">Uniform numbers for all tokens, ordered by stage: 2^(K+1) − 1 per image.</param>
    /// <param name="gumbel_BKL">Uniform numbers for the splits.</param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="seeds">Seed of each image, for messages; empty if there are none.</param>
    private ImageNoise(Tensor structure_BLK, Tensor tokens_BM, Tensor gumbel_BKL, LatentGrid grid, ulong[] seeds)
    {
        _seeds = seeds;
        Structure_BLK = structure_BLK.Own();
        _tokens_BM = tokens_BM.Own();
        _gumbel_BKL = gumbel_BKL.Own();
        _grid = grid;
    }

    /// <summary>Normal noise of the structure flow, the same for all stages of an image.</summary>
    public Tensor Structure_BLK { get; }

    /// <summary>Draws the noise of images from their seeds.</summary>
    public static ImageNoise FromSeeds(IReadOnlyList<ulong> seeds, LatentGrid grid, Device device)
    {
        using var scope = new TensorScope();
        int length = grid.Length, stages = grid.LastStage;
        var structure = new Tensor[seeds.Count];
        var tokens = new Tensor[seeds.Count];
        var gumbel = new Tensor[seeds.Count];
        for (int b = 0; b < seeds.Count; b++)
        {
            using RandomGenerator generator = GeneratorOf(seeds[b]);
            structure[b] = Tensor.Randn([length, stages], generator);
            tokens[b] = Tensor.Rand([2L * length - 1], generator);
            using RandomGenerator splits = GeneratorOf(seeds[b] ^ GumbelStream);
            gumbel[b] = Tensor.Rand([stages, length], splits);
        }

        return new ImageNoise(
            Tensor.Stack(structure, 0).Send(device), Tensor.Stack(tokens, 0).Send(device), Tensor.Stack(gumbel, 0).Send(device), grid,
            [.. seeds]);
    }

    /// <summary>Draws noise that is interpolated between two seeds per image.</summary>
    /// <param name="seeds">Seed of each image.</param>
    /// <param name="targets">Target seed of each image, and the share from 0 (its own seed) to 1 (the target).</param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="device">Device of the tensors.</param>
    /// <remarks>
    /// Normal numbers are combined with the cosine and sine of share · π/2, which keeps their distribution; uniform numbers are
    /// transformed to normal ones and back. Share 0 returns exactly the noise of the image's seed.
    /// </remarks>
    public static ImageNoise Interpolate(
        IReadOnlyList<ulong> seeds, IReadOnlyList<(ulong Seed, double Share)> targets, LatentGrid grid, Device device)
    {
        using ImageNoise start = FromSeeds(seeds, grid, Device.Cpu);
        if (targets.All(t => t.Share == 0))
            return start.To(device);
        using var scope = new TensorScope();
        using ImageNoise end = FromSeeds([.. targets.Select(t => t.Seed)], grid, Device.Cpu);
        Tensor Mixed(Tensor from, Tensor to, bool uniform) => Tensor.Stack(
            [.. targets.Select((t, b) => Mix(from.Select(0, b), to.Select(0, b), t.Share, uniform))], 0).To(device);
        return new ImageNoise(
            Mixed(start.Structure_BLK, end.Structure_BLK, false),
            Mixed(start._tokens_BM, end._tokens_BM, true),
            Mixed(start._gumbel_BKL, end._gumbel_BKL, true), grid, start._seeds);
    }

    /// <summary>The noise of some of the images.</summary>
    internal ImageNoise Select(BatchSubset images) =>
        new(images.Select(Structure_BLK), images.Select(_tokens_BM), images.Select(_gumbel_BKL), _grid,
            _seeds.Length == 0 ? [] : Array.ConvertAll(images.Images, i => _seeds[i]));

    /// <summary>An image as messages name it.</summary>
    internal string Describe(long image) => image < _seeds.Length ? $"the image of seed {_seeds[image]}" : $"image {image} of the batch";

    private ImageNoise To(Device device) =>
        new(Structure_BLK.To(device), _tokens_BM.To(device), _gumbel_BKL.To(device), _grid, _seeds);

    private static Tensor Mix(Tensor from, Tensor to, double share, bool uniform)
    {
        if (share == 0)
            return from.Alias();
        if (share == 1)
            return to.Alias();
        using var scope = new TensorScope();
        double angle = share * Math.PI / 2;
        Tensor Normal(Tensor x) => uniform
            ? (x.To(ScalarType.Float64).Clamp(1e-7, 1 - 1e-7) * 2 - 1).ErfInverse() * Math.Sqrt(2)
            : x.Alias();
        Tensor mixed = Normal(from) * Math.Cos(angle) + Normal(to) * Math.Sin(angle);
        // A number close to one must not be rounded to one in float32.
        return scope.Keep(uniform ? (((mixed * Math.Sqrt(0.5)).Erf() + 1) * 0.5).Clamp(0, 1 - 1e-7).To(ScalarType.Float32) : mixed);
    }

    /// <summary>Creates the random generator for a seed, which may be any number.</summary>
    // libtorch's CPU generator uses only the low 32 bits of a seed. Seeds that fit keep PyTorch's stream.
    internal static RandomGenerator GeneratorOf(ulong seed) => new(seed <= uint.MaxValue ? seed : SplitMix64.Mix(seed));

    /// <summary>Creates noise with a given structure part, for comparison with reference runs.</summary>
    internal static ImageNoise FromStructureNoise(Tensor structure_BLK, LatentGrid grid)
    {
        long batch = structure_BLK.Size(0);
        Device device = structure_BLK.Device;
        return new ImageNoise(structure_BLK.Alias(), Tensor.Full([batch, 2L * grid.Length - 1], 0.5, device: device),
            Tensor.Full([batch, grid.LastStage, grid.Length], 0.5, device: device), grid, []);
    }

    /// <summary>Uniform numbers for the tokens of one stage, B × 2^i.</summary>
    public Tensor Tokens(int stage) => _tokens_BM.Narrow(1, LatentGrid.ClusterCount(stage) - 1, LatentGrid.ClusterCount(stage));

    /// <summary>Uniform numbers for additional draws of the tokens of one stage, each B × 2^i; empty for noise without seeds.</summary>
    internal Tensor[] MoreTokens(int stage, int draws)
    {
        if (_seeds.Length == 0)
            return [];
        using var scope = new TensorScope();
        Tensor[] perImage_DN = [.. _seeds.Select(seed =>
        {
            using RandomGenerator generator = GeneratorOf(seed ^ (DrawStream + (ulong)stage));
            return Tensor.Rand([draws, LatentGrid.ClusterCount(stage)], generator);
        })];
        Tensor uniform_BDN = Tensor.Stack(perImage_DN, 0).Send(_tokens_BM.Device);
        var numbers_DBN = new Tensor[draws];
        for (int draw = 0; draw < draws; draw++)
            numbers_DBN[draw] = scope.Keep(uniform_BDN.Select(1, draw).Contiguous());
        return numbers_DBN;
    }

    /// <summary>Standard Gumbel noise for the split of one stage, B × L.</summary>
    public Tensor Gumbel(int stage)
    {
        using var scope = new TensorScope();
        // The logarithms are undefined at 0 and 1.
        Tensor uniform_BL = _gumbel_BKL.Select(1, stage).Clamp(1e-7, 1 - 1e-7);
        return scope.Keep(-(-uniform_BL.Log()).Log());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Structure_BLK.Dispose();
        _tokens_BM.Dispose();
        _gumbel_BKL.Dispose();
    }
}
