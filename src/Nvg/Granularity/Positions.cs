using Nvg.Torch;

namespace Nvg.Granularity;

/// <summary>Converts between the two layouts of a latent: B × C × h × w for convolutions, B × L × C for clusters and tokens.</summary>
public static class Positions
{
    /// <summary>B × C × h × w → B × L × C, row-major positions.</summary>
    public static Tensor FromMap(Tensor map_BCHW)
    {
        using Tensor flat = map_BCHW.Reshape(map_BCHW.Size(0), map_BCHW.Size(1), -1);
        return flat.Transpose(1, 2);
    }

    /// <summary>B × L × C → B × C × h × w.</summary>
    public static Tensor ToMap(Tensor values_BLC, LatentGrid grid) => ToMap(values_BLC, grid.Height, grid.Width);

    /// <summary>B × L × C → B × C × h × w, for a map with any height and width.</summary>
    public static Tensor ToMap(Tensor values_BLC, int height, int width)
    {
        using Tensor channelsFirst = values_BLC.Transpose(1, 2);
        return channelsFirst.Reshape(values_BLC.Size(0), values_BLC.Size(2), height, width);
    }
}
