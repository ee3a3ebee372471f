using Nvg.Pretrained;

namespace Nvg.Testing;

/// <summary>Sizes of a vision transformer that runs in milliseconds.</summary>
internal static class TinyTransformer
{
    public static VisionTransformerConfig Config { get; } =
        new() { Width = 64, Depth = 2, PatchSize = 8, TableSide = 4, HeadCount = 1, MlpWidth = 96 };
}
