using Nvg.Methods;
using Nvg.Torch;

namespace Nvg.Cli.Bench;

/// <summary>Generates images one after another in one process and tracks tensors and memory.</summary>
public static class MemorySoak
{
    private const int Points = 10;

    /// <summary>Generates images, and returns a point after the first image and then at even intervals.</summary>
    /// <param name="model">The model; borrowed.</param>
    /// <param name="calls">Total number of images.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    public static IEnumerable<SoakPoint> Run(IImageModel model, int calls, CancellationToken cancellation = default)
    {
        for (int call = 1; call <= calls; call++)
        {
            int number = (call - 1) % model.ClassCount;
            var request = new DrawRequest { Images = [new ClassSeed(number, (ulong)call)] };
            foreach (IGeneratedImage _ in model.Draw(request, cancellation: cancellation))
            {
            }

            if (call != 1 && call % Math.Max(1, calls / Points) != 0)
                continue;
            // Counted before finalizers free what was not disposed.
            long live = Tensor.LiveCount;
            // On a processor with a large cache the runtime lets hundreds of MiB of garbage pile up before it collects; that would look
            // like a leak.
            GC.Collect();
            yield return new SoakPoint(call, live, Environment.WorkingSet / (1024.0 * 1024));
        }
    }
}
