using System.Globalization;
using System.Text;
using Nvg.Torch;
using Nvg.Torch.Files;

namespace Nvg.Cli.Bench;

/// <summary>Writes the operators that the parts of a model run, and the kernels on a GPU, to a folder.</summary>
/// <param name="folder">
/// Receives <c>PART.operators.tsv</c> with calls and seconds of every operator, and <c>PART.trace.json</c> with the kernels of a GPU.
/// </param>
/// <param name="device">Where the parts run.</param>
/// <param name="noted">Receives a line about anything that cannot be recorded.</param>
internal sealed class PartProfile(string folder, Device device, Action<string> noted)
{
    private bool _hasKernels = device.Type == DeviceType.Cuda;

    /// <summary>Runs a part once to count its operators, and on a GPU once more to record its kernels.</summary>
    /// <param name="part">Name of the part.</param>
    /// <param name="work">The work; it must have run before.</param>
    /// <param name="batch">Number of images or sequences; part of the file names.</param>
    internal void Record(string part, int batch, Action work)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, $"{FileName(part)}-{batch.ToString(CultureInfo.InvariantCulture)}");
        WriteOperators(path + ".operators.tsv", work);
        if (!_hasKernels)
            return;
        try
        {
            KernelProfile.Record(path + ".trace.json", device, work);
        }
        catch (TorchException error)
        {
            _hasKernels = false;
            noted($"kernels cannot be recorded: {error.Message}");
        }
    }

    private void WriteOperators(string path, Action work)
    {
        OperatorTrace trace;
        using (trace = new OperatorTrace())
        {
            work();
            TorchRuntime.Synchronize(device);
        }

        var text = new StringBuilder("operator\tcalls\tseconds\twaits\n");
        var waiting = trace.Synchronizations.Select(total => total.Name).ToHashSet();
        foreach (OperatorTotal total in trace.Totals.OrderByDescending(total => total.Seconds))
        {
            string waits = waiting.Contains(total.Name) ? "yes" : "";
            text.AppendLine(CultureInfo.InvariantCulture, $"{total.Name}\t{total.Calls}\t{total.Seconds:G4}\t{waits}");
        }

        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static string FileName(string part) =>
        string.Join('-', part.Split([' ', ',', '×'], StringSplitOptions.RemoveEmptyEntries));
}
