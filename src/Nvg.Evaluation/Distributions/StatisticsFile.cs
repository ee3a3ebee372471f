using System.Text;
using System.Text.Json;
using Nvg.Configuration;
using Nvg.Data.Loading;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Metrics;
using Nvg.Evaluation.Statistics;
using Nvg.Imaging.Npz;
using Nvg.Torch;
using Nvg.Torch.Files.Npy;

namespace Nvg.Evaluation.Distributions;

/// <summary>
/// Statistics of a reference in the customary format: an .npz with <c>mu</c>, <c>sigma</c> and, for sFID, <c>mu_s</c>,
/// <c>sigma_s</c>. Files written by this class also hold <c>features</c> (of some images, for precision and recall) and
/// <c>about</c>, a JSON description. A file without a description is assumed to come from Inception-2015.
/// </summary>
public static class StatisticsFile
{
    private const int CurrentFormat = 1;
    private const string About = "about";

    /// <summary>Whether a file is an .npz with statistics.</summary>
    public static bool IsAt(string path)
    {
        if (!NpzFile.IsAt(path))
            return false;
        using NpzFile file = NpzFile.Open(path);
        return file.Contains("mu");
    }

    /// <summary>Reads the description in a file, or null if it has none.</summary>
    /// <exception cref="NvgDataException">The file is damaged, or has another format version.</exception>
    public static StatisticsDescription? Describe(string path)
    {
        using NpzFile file = NpzFile.Open(path);
        if (!file.Contains(About))
            return null;
        try
        {
            StatisticsDescription read = JsonSerializer.Deserialize<StatisticsDescription>(file.Read(About).ToBytes(), NvgJson.Options)
                ?? throw NvgDataException.At(path, "has an empty description", "create it again");
            return read.Format == CurrentFormat
                ? read
                : throw NvgDataException.At(path, $"has format {read.Format}; this version reads {CurrentFormat}", "create it again");
        }
        catch (JsonException error)
        {
            throw NvgDataException.At(path, "has an unreadable description", "create it again", error);
        }
    }

    /// <summary>Reads statistics.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">The network that the statistics must come from.</param>
    /// <exception cref="NvgDataException">The file is damaged, or belongs to another network or another resize.</exception>
    public static ExtractedFeatures Read(string path, IFeatureNetwork network)
    {
        StatisticsDescription? about = Describe(path);
        if (about is not null && about.Fingerprint != network.Fingerprint)
        {
            throw NvgDataException.At(
                path, $"has statistics of {about.Network} ({about.Preprocessing}), not of these weights of {network.Name} "
                    + $"({network.Preprocessing})",
                "create them again with the same weights and resize");
        }

        if (about is null && !PublishedProtocol.Covers(network))
        {
            throw NvgDataException.At(
                path, $"does not describe its statistics; they are assumed to be those of Inception-2015, not of {network.Name}",
                "give images as the reference");
        }

        using NpzFile file = NpzFile.Open(path);
        GaussianStatistics pooled = Statistics(file, path, "mu", "sigma", network.FeatureSize, about?.Count);
        GaussianStatistics? spatial = null;
        try
        {
            if (file.Contains("mu_s") && network.SpatialFeatureSize > 0)
                spatial = Statistics(file, path, "mu_s", "sigma_s", network.SpatialFeatureSize, about?.Count);
            Tensor? rows_MF = file.Contains("features") ? Rows(file, path, network) : null;
            return new ExtractedFeatures { Count = about?.Count, Pooled = pooled, Spatial = spatial, Rows_MF = rows_MF };
        }
        catch
        {
            pooled.Dispose();
            spatial?.Dispose();
            throw;
        }
    }

    /// <summary>Writes statistics atomically.</summary>
    /// <param name="path">The file, ending in .npz.</param>
    /// <param name="features">Features with pooled statistics.</param>
    /// <param name="network">The network that computed the features.</param>
    /// <param name="images">The images that the features belong to.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, ExtractedFeatures features, IFeatureNetwork network, ImageSet images)
    {
        if (features.Pooled is null || features.Count is not { } count)
            throw new ArgumentException("there are no statistics to write", nameof(features));
        var about = new StatisticsDescription(
            CurrentFormat, network.Name, network.Fingerprint, network.Preprocessing, count, images.Width, images.Height,
            Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(images.Path))));
        var arrays = new List<KeyValuePair<string, NpyArray>>();
        Append(arrays, "mu", "sigma", features.Pooled);
        if (features.Spatial is { } spatial)
            Append(arrays, "mu_s", "sigma_s", spatial);
        if (features.Rows_MF is { } rows)
            arrays.Add(new("features", NpyArray.Of(rows.ToArray<float>(), rows.Size(0), rows.Size(1))));
        byte[] text = Encoding.UTF8.GetBytes(NvgJson.Write(about));
        arrays.Add(new(About, NpyArray.Of(text, text.Length)));
        NpzFile.Write(path, arrays);
    }

    private static void Append(List<KeyValuePair<string, NpyArray>> arrays, string mean, string covariance, GaussianStatistics statistics)
    {
        arrays.Add(new(mean, NpyArray.Of(statistics.Mean_F.ToArray<double>(), statistics.FeatureSize)));
        arrays.Add(new(covariance,
            NpyArray.Of(statistics.Covariance_FF.ToArray<double>(), statistics.FeatureSize, statistics.FeatureSize)));
    }

    private static GaussianStatistics Statistics(NpzFile file, string path, string mean, string covariance, int size, long? count)
    {
        NpyArray mu = file.Read(mean), sigma = file.Read(covariance);
        if (!mu.Shape.SequenceEqual([size]) || !sigma.Shape.SequenceEqual([size, size]))
        {
            throw NvgDataException.At(
                path, $"{mean} is ({string.Join(", ", mu.Shape)}) and {covariance} ({string.Join(", ", sigma.Shape)}), the network "
                    + $"has {size} features",
                "they belong to another network");
        }

        // The scope frees the tensors if the statistics are rejected.
        using var scope = new TensorScope();
        try
        {
            Tensor covariance_FF = Tensor.From(sigma.ToDoubles(), size, size);
            var statistics = new GaussianStatistics(Tensor.From(mu.ToDoubles(), size), covariance_FF, count);
            try
            {
                // Checked here, so that the error names the file and comes before any image is processed.
                CovarianceChecks.RequireSemidefinite(covariance_FF);
                return statistics;
            }
            catch
            {
                statistics.Dispose();
                throw;
            }
        }
        catch (NvgDataException error)
        {
            throw NvgDataException.At($"{path}: {mean} and {covariance}", error.Message, innerException: error);
        }
    }

    private static Tensor Rows(NpzFile file, string path, IFeatureNetwork network)
    {
        NpyArray rows = file.Read("features");
        if (rows.Shape is not [var count, var size] || size != network.FeatureSize)
        {
            throw NvgDataException.At(
                path, $"features are ({string.Join(", ", rows.Shape)}), the network has {network.FeatureSize}",
                "they belong to another network");
        }

        using var scope = new TensorScope();
        Tensor features_MF = Tensor.From(rows.ToSingles(), count, size);
        return FiniteValues.FirstOtherRow(features_MF) is { } row
            ? throw NvgDataException.At(path, $"row {row} of features has a value that is NaN or infinite", "create the file again")
            : features_MF.Own();
    }
}
