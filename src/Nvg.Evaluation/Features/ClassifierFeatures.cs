using Nvg.Classifiers;
using Nvg.Torch;

namespace Nvg.Evaluation.Features;

/// <summary>
/// A trained classifier as a feature network: the features before its head, and its logits. It accepts only images of its own
/// size, so nothing is resized.
/// </summary>
public sealed class ClassifierFeatures : IFeatureNetwork
{
    private readonly ClassifierModel _model;

    private ClassifierFeatures(ClassifierModel model)
    {
        if (model.Config.Name == PublishedProtocol.Network)
        {
            throw NvgDataException.At(
                model.Folder, $"is a classifier named {PublishedProtocol.Network}: its metrics would be mistaken for those of another "
                    + "network",
                "give it another name in config.json");
        }

        _model = model;
        Fingerprint = $"classifier {model.Fingerprint()} mirrored";
    }

    /// <summary>Reads a classifier's folder.</summary>
    /// <param name="folder">A folder accepted by <see cref="ClassifierModel.Load"/>.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="NvgDataException">The folder is unusable.</exception>
    public static ClassifierFeatures Load(string folder, Device device = default)
    {
        ClassifierModel model = ClassifierModel.Load(folder, device);
        try
        {
            return new ClassifierFeatures(model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Name => _model.Config.Name;

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public string Preprocessing => $"none: images must be {ImageSize} × {ImageSize}";

    /// <inheritdoc/>
    public string? OtherResize => null;

    /// <inheritdoc/>
    public int FeatureSize => _model.Config.Classifier.FeatureCount;

    /// <inheritdoc/>
    public int SpatialFeatureSize => 0;

    /// <inheritdoc/>
    public int ClassCount => _model.Config.Classifier.ClassCount;

    /// <summary>Class names by index.</summary>
    public IReadOnlyList<string> Labels => _model.Labels;

    /// <summary>Side of the images, in pixels.</summary>
    public int ImageSize => _model.Config.Classifier.ImageSize;

    /// <inheritdoc/>
    /// <exception cref="NvgDataException">The images do not have the classifier's size.</exception>
    public ImageFeatures Extract(Tensor images_NHWC)
    {
        if (images_NHWC.Rank != 4 || images_NHWC.ScalarType != ScalarType.UInt8 || images_NHWC.Size(3) != 3)
            throw new TorchArgumentException($"images must be UInt8[N, H, W, 3], not {images_NHWC}");
        if (images_NHWC.Size(1) != ImageSize || images_NHWC.Size(2) != ImageSize)
        {
            throw new NvgDataException(
                $"the images are {images_NHWC.Size(2)} × {images_NHWC.Size(1)}, but {Name} takes {ImageSize} × {ImageSize}; use a "
                    + "feature network that resizes");
        }

        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        Tensor images = images_NHWC.To(_model.Network.Device).Permute(0, 3, 1, 2).To(ScalarType.Float32) / 127.5 - 1.0;
        Tensor features_NF = _model.Network.Features(images);
        Tensor logits_NC = _model.Network.Classify(features_NF);
        return new ImageFeatures(scope.Keep(features_NF), null, scope.Keep(logits_NC));
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();
}
