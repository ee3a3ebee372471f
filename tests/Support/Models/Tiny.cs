using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Testing;

/// <summary>Models and data small enough to compute in milliseconds, and random hierarchies as their input.</summary>
internal static class Tiny
{
    public static TokenizerConfig TokenizerSizes { get; } = new()
    {
        ImageSize = 8,
        BaseChannels = 8,
        ChannelMultipliers = [1, 2],
        ResNetBlocks = 1,
        LatentChannels = 4,
        CodebookSize = 16,
        NormGroups = 4,
    };

    public static GeneratorConfig GeneratorSizes { get; } = Generator(new LatentGrid(4, 4));

    public static GeneratorConfig Generator(LatentGrid grid) => new()
    {
        LatentHeight = grid.Height,
        LatentWidth = grid.Width,
        LatentChannels = 4,
        CodebookSize = 16,
        ClassCount = 3,
        Depth = 2,
        HeadSize = 32,
    };

    /// <summary>A tokenizer with random weights. Its codes are far enough apart that rounding does not change which is nearest.</summary>
    public static Tokenizer Tokenizer(TokenizerConfig? sizes = null, ulong seed = 1)
    {
        var tokenizer = new Tokenizer(sizes ?? TokenizerSizes, ParameterSource.Random(seed));
        tokenizer.Quantizer.Codebook.MultiplyInPlace(tokenizer.Config.CodebookSize);
        return tokenizer;
    }

    /// <summary>
    /// Labels of all stages of one random hierarchy: the finest labels are a permutation, the others are shifted from them.
    /// </summary>
    public static long[][] Hierarchy(LatentGrid grid, Random random)
    {
        long[] finest = [.. Enumerable.Range(0, grid.Length).Select(l => (long)l)];
        random.Shuffle(finest);
        return [.. Enumerable.Range(0, grid.StageCount).Select(i => Array.ConvertAll(finest, label => label >> (grid.LastStage - i)))];
    }

    /// <summary>Random hierarchies, B × S × L.</summary>
    public static Tensor Structure(LatentGrid grid, int count, int stages, int seed = 1)
    {
        var random = new Random(seed);
        long[] labels = [.. Enumerable.Range(0, count).SelectMany(_ => Hierarchy(grid, random).Take(stages).SelectMany(map => map))];
        return Tensor.From(labels, count, stages, grid.Length);
    }

    /// <summary>Random tokens of one stage, B × 2^i.</summary>
    public static Tensor Tokens(int stage, int count, int codebookSize, int seed = 1)
    {
        var random = new Random(seed + stage);
        return Tensor.From([.. Enumerable.Range(0, count << stage).Select(_ => (long)random.Next(codebookSize))], count, 1 << stage);
    }

    /// <summary>Packs a data set of images with two classes.</summary>
    public static void Prepare(string images, string output, int size = 8, int perClass = 6)
    {
        foreach (string name in new[] { "stripes", "waves" })
        {
            string folder = Path.Combine(images, name);
            Directory.CreateDirectory(folder);
            for (int i = 0; i < perClass; i++)
                ImageFile.Write(Path.Combine(folder, $"{i}.png"), Image(size, name == "waves", i));
        }

        Preparation.RunAsync(
            ImageSource.Open(images), output, new PreparationOptions { Size = size, Threads = 1 }).GetAwaiter().GetResult();
    }

    private static RgbImage Image(int size, bool waves, int number)
    {
        var image = new RgbImage(size, size);
        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
            {
                Span<byte> pixel = image.Row(y).Slice(x * 3, 3);
                double shade = waves ? 0.5 + 0.5 * Math.Sin(x * 0.7 + y * (0.2 + 0.1 * number)) : (x + number) % 4 < 2 ? 1 : 0;
                (pixel[0], pixel[1], pixel[2]) = ((byte)(255 * shade), (byte)(40 * number), (byte)(255 - 200 * shade));
            }
        }

        return image;
    }
}
