using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Nvg.Configuration;
using Nvg.Torch;
using Nvg.Torch.Files;

namespace Nvg.Evaluation.Features;

/// <summary>
/// Any network in an ONNX file, run by ONNX Runtime on the CPU. Metrics are named after it. The application must supply ONNX
/// Runtime's native library, for example with the package Microsoft.ML.OnnxRuntime.
/// </summary>
public sealed class OnnxFeatures : IFeatureNetwork
{
    private const string SidecarEnding = ".json";

    private readonly string _path;
    private readonly OnnxFeatureOptions _options;
    private readonly OnnxInput _input;
    private readonly InferenceSession _session;
    private readonly string _output;

    private OnnxFeatures(string path, OnnxFeatureOptions options, InferenceSession session, string hash)
    {
        (_path, _options, _session) = (path, options, session);
        _input = OnnxInput.Of(path, session, options);
        _output = options.Output ?? OnlyOutput();
        Name = options.Name ?? Path.GetFileNameWithoutExtension(path);
        (IReadOnlyList<double> mean, IReadOnlyList<double> std) = options.Affine;
        string text = FormattableString.Invariant(
            $"(x / 255 − [{Join(mean)}]) / [{Join(std)}]{(options.Bgr ? ", BGR" : "")}");
        string resize = options.Resize == OnnxResize.Bicubic ? "antialiased bicubic" : "TensorFlow 1 bilinear";
        Preprocessing = $"{resize} to {_input.Side} × {_input.Side}, {text}";
        Fingerprint = $"onnx {hash} {_output} {options.Pooling} {Preprocessing}";
        // One black image shows the length of the features, and that the settings fit the network.
        using Tensor black = Tensor.Zeros([1, 1, 1, 3], ScalarType.UInt8);
        using ImageFeatures features = Extract(black);
        FeatureSize = (int)features.Pooled_NF.Size(1);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public string Preprocessing { get; }

    /// <inheritdoc/>
    public string? OtherResize => null;

    /// <inheritdoc/>
    public int FeatureSize { get; }

    /// <inheritdoc/>
    public int SpatialFeatureSize => 0;

    /// <inheritdoc/>
    public int ClassCount => 0;

    /// <summary>Loads a network.</summary>
    /// <param name="path">An ONNX file.</param>
    /// <param name="options">Settings; null to read the JSON file beside the network (see <see cref="OnnxFeatureOptions"/>).</param>
    /// <exception cref="NvgDataException">The file is unusable, or the settings are missing or do not fit the network.</exception>
    public static OnnxFeatures Load(string path, OnnxFeatureOptions? options = null)
    {
        OnnxFeatureOptions settings = options ?? ReadOptions(path, []);
        settings.Validate().ThrowIfAny(path);
        byte[] model = FileFailure.Reading(path, () => File.ReadAllBytes(path));
        if (FileContent.Of(model).Refusal is { } refusal)
            throw new NvgDataException($"{path}: {refusal}");
        string hash = Convert.ToHexStringLower(SHA256.HashData(model));
        InferenceSession? session = null;
        try
        {
            session = Open(path, model, settings.Output);
            return new OnnxFeatures(path, settings, session, hash);
        }
        catch (OnnxRuntimeException error)
        {
            session?.Dispose();
            throw NvgDataException.At(path, $"cannot be used by ONNX Runtime: {error.Message}", null, error);
        }
        catch (Exception error) when (error is TypeInitializationException or DllNotFoundException)
        {
            throw new TorchLoadException(
                "ONNX Runtime's native library is missing: add the package Microsoft.ML.OnnxRuntime to the application", error);
        }
        catch
        {
            session?.Dispose();
            throw;
        }
    }

    /// <summary>Reads the settings of a network from the JSON file beside it, with single values replaced.</summary>
    /// <param name="path">The ONNX file.</param>
    /// <param name="overrides">Such as <c>side=224</c>; a value that is not JSON is taken as text.</param>
    /// <exception cref="NvgDataException">The file or an override is not valid.</exception>
    public static OnnxFeatureOptions ReadOptions(string path, IReadOnlyList<string> overrides)
    {
        string sidecar = path + SidecarEnding;
        try
        {
            return SettingsOverrides.Read<OnnxFeatureOptions>(File.Exists(sidecar) ? sidecar : null, overrides);
        }
        catch (JsonException error)
        {
            throw NvgDataException.At(File.Exists(sidecar) ? sidecar : path, JsonProblem.Describe(error), null, error);
        }
    }

    /// <inheritdoc/>
    public ImageFeatures Extract(Tensor images_NHWC)
    {
        if (images_NHWC.ScalarType != ScalarType.UInt8 || images_NHWC.Rank != 4 || images_NHWC.Size(3) != 3)
            throw new TorchArgumentException($"images must be UInt8[N, H, W, 3], not {images_NHWC}");
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        Tensor input = _input.Prepare(images_NHWC);
        int count = (int)input.Size(0), part = _input.Batch ?? count;
        if (count % part != 0)
            throw NvgDataException.At(_path, $"takes batches of {part} images only", "export it with a batch of 1, or of any size");
        // A network with a fixed batch size runs several times; memory does not grow with the number of images.
        Tensor[] pooled = [.. Enumerable.Range(0, count / part).Select(i => Pool(Run(input.Narrow(0, i * part, part))))];
        return new ImageFeatures(scope.Keep(Tensor.Cat(pooled, 0)));
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private static InferenceSession Open(string path, byte[] model, string? output)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = TorchRuntime.ThreadCount,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        // Spinning threads would take processor time from other programs.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        var session = new InferenceSession(path, options);
        if (output is null || session.OutputMetadata.ContainsKey(output))
            return session;
        session.Dispose();
        return new InferenceSession(OnnxOutput.With(model, output), options);
    }

    private string OnlyOutput() => _session.OutputNames is [var only] ? only : throw NvgDataException.At(
        _path, $"has the outputs {string.Join(", ", _session.OutputNames)}", "name the one with the features: output=NAME");

    private Tensor Run(Tensor part)
    {
        float[] values = part.ToArray<float>();
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(values, part.Shape.ToArray());
        using var run = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = _session.Run(run, [_input.Name], [input], [_output]);
        OrtTensorTypeAndShapeInfo info = results[0].GetTensorTypeAndShape();
        if (info.ElementDataType != Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float)
            throw NvgDataException.At(_path, $"its output '{_output}' holds {info.ElementDataType}, not float32 numbers");
        return Tensor.From(results[0].GetTensorDataAsSpan<float>(), info.Shape);
    }

    // N × F is kept, N × positions × F is pooled as the settings say, N × F × h × w is averaged over positions.
    private Tensor Pool(Tensor output)
    {
        using var scope = new TensorScope();
        return scope.Keep((output.Rank, _options.Pooling) switch
        {
            (2, _) => output.Alias(),
            (3, OnnxPooling.First) => output.Select(1, 0),
            (3, OnnxPooling.Mean) => output.Mean(1),
            (4, null or OnnxPooling.Mean) => output.Mean([2, 3]),
            (3, _) => throw NvgDataException.At(
                _path, $"its output '{_output}' has {output.Size(1)} vectors per image",
                "pooling=first takes the class token, pooling=mean the mean"),
            _ => throw NvgDataException.At(
                _path, $"its output '{_output}' has {output.Rank} dimensions, so it does not hold image features"),
        });
    }

    private static string Join(IReadOnlyList<double> values) =>
        string.Join(", ", values.Select(v => v.ToString("G9", System.Globalization.CultureInfo.InvariantCulture)));
}
