using System.Security.Cryptography;
using System.Text;
using Nvg.Configuration;
using Nvg.Data.Datasets;

namespace Nvg.Training.Runs;

/// <summary>
/// Identifies a run by its settings, its data and the content of the weights it starts from. Only a run with the same identity
/// can resume a checkpoint.
/// </summary>
/// <remarks>Checkpoints of earlier versions store a hash of this text, so the text never changes.</remarks>
internal static class RunIdentity
{
    /// <summary>The identity of a run.</summary>
    /// <param name="config">Settings.</param>
    /// <param name="data">The data set.</param>
    /// <param name="weights">Fingerprints of the frozen or initial weights, joined; empty if there are none.</param>
    internal static string Of<TConfig>(TConfig config, IImageDataset data, string weights = "")
        where TConfig : IRunConfiguration<TConfig> => Of(NvgJson.Write(config.IdentitySettings()), data, weights);

    /// <summary>The identity of something computed from a data set, such as its encoded sequences.</summary>
    internal static string Of(string settings, IImageDataset data, string weights) => Of(settings, data.Fingerprint, weights);

    /// <summary>The identity of something computed from examples with a fingerprint.</summary>
    internal static string Of(string settings, string examples, string weights) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{settings}\n{examples}\n{weights}")));
}
