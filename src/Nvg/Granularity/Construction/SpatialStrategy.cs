using Nvg.Torch;

namespace Nvg.Granularity.Construction;

/// <summary>Greedy clustering over latents with row and column as two additional channels, which favours nearby positions.</summary>
/// <param name="weight">Spread of the coordinates relative to that of the latents.</param>
internal sealed class SpatialStrategy(double weight) : IStructureStrategy
{
    public Tensor Build(Tensor points_BLC, Tensor images_BCHW, LatentGrid grid)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor host_BLC = points_BLC.Detach().To(Device.Cpu, ScalarType.Float32);
        Tensor spread_B11 = (host_BLC - host_BLC.Mean(1, keepDimension: true)).Square().Sum(2).Mean(1).Sqrt().Reshape(-1, 1, 1);
        double[] places = Places(grid);
        double spread = Math.Sqrt(places.Average(x => x * x) * 2);
        Tensor place_1L2 = Tensor.From(Array.ConvertAll(places, x => (float)(weight * x / Math.Max(spread, 1e-9))), 1, grid.Length, 2);
        return scope.Keep(StructureConstruction.Build(Tensor.Cat([host_BLC, place_1L2 * spread_B11], 2)));
    }

    public void Dispose()
    {
    }

    // Row and column of every position relative to the centre, in units of the longer side.
    private static double[] Places(LatentGrid grid)
    {
        double side = Math.Max(grid.Height, grid.Width);
        return [.. Enumerable.Range(0, grid.Length).SelectMany(l => new[]
        {
            (l / grid.Width - (grid.Height - 1) / 2.0) / side, (l % grid.Width - (grid.Width - 1) / 2.0) / side,
        })];
    }
}
