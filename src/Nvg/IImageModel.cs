using Nvg.Configuration;
using Nvg.Labels;
using Nvg.Methods;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg;

/// <summary>
/// An image model of any method, with the members needed for generation, sampling, reconstruction and evaluation. The class of a specific
/// method offers more, such as structure in <see cref="NvgModel"/>.
/// </summary>
public interface IImageModel : IDisposable
{
    /// <summary>The folder that the model was loaded from; empty for random weights.</summary>
    string Folder { get; }

    /// <summary>Name of the model.</summary>
    string Name { get; }

    /// <summary>Encodes and decodes images.</summary>
    IImageTokenizer ImageTokenizer { get; }

    /// <summary>Whether the folder has a generator.</summary>
    bool HasGenerator { get; }

    /// <summary>Number of classes; 0 without a generator.</summary>
    int ClassCount { get; }

    /// <summary>Lines of <c>labels.txt</c>, one for each class.</summary>
    IReadOnlyList<string> Labels { get; }

    /// <summary>The classes by name.</summary>
    ClassNames Classes { get; }

    /// <summary>Device on which images are computed.</summary>
    Device Device { get; }

    /// <summary>Default sampling settings, in the settings type of the model's method.</summary>
    ISamplingSettings Settings { get; }

    /// <summary>Number of trainable parameters of each part.</summary>
    IReadOnlyDictionary<string, long> ParameterCounts { get; }

    /// <summary>The work for generating one image, calculated from sizes and settings.</summary>
    /// <param name="settings">Settings of the type that the model's method uses, or null for the model's defaults.</param>
    /// <exception cref="NvgDataException">The folder holds only a tokenizer.</exception>
    GenerationWork WorkOf(ISamplingSettings? settings = null);

    /// <summary>Throws if the model does not have a generator.</summary>
    /// <exception cref="NvgDataException">The folder holds only a tokenizer.</exception>
    void RequireGenerator();

    /// <summary>SHA-256 of the weights, which identifies the model.</summary>
    /// <exception cref="InvalidOperationException">The weights are random and not stored in a file.</exception>
    string Fingerprint();

    /// <summary>
    /// Generates images on the calling thread. Each image is returned when its batch is finished, in the order of the request.
    /// </summary>
    /// <param name="request">The images.</param>
    /// <param name="progress">Receives a report after every stage, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <exception cref="ArgumentException">Settings or classes do not fit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; images returned earlier stay valid.</exception>
    IEnumerable<IGeneratedImage> Draw(
        DrawRequest request, IProgress<GenerationProgress>? progress = null, CancellationToken cancellation = default);
}
