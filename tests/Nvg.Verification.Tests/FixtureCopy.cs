using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Verification.Tests;

/// <summary>A fixture to be changed and written elsewhere. Owns the tensors it is given.</summary>
internal sealed class FixtureCopy : IDisposable
{
    internal FixtureCopy()
    {
    }

    /// <summary>A copy of a fixture of the repository.</summary>
    internal FixtureCopy(string kind)
    {
        using SafetensorsFile file = SafetensorsFile.Open(ReferenceFixtures.Path($"{kind}.safetensors"));
        foreach ((string name, Tensor tensor) in file)
            Tensors.Add(name, tensor.Clone());
        Metadata = file.Metadata.ToDictionary();
    }

    internal Dictionary<string, Tensor> Tensors { get; } = [];

    internal Dictionary<string, string> Metadata { get; } = [];

    internal void Set(string name, Tensor tensor)
    {
        Remove(name);
        Tensors.Add(name, tensor);
    }

    internal void Remove(string name)
    {
        if (Tensors.Remove(name, out Tensor? old))
            old.Dispose();
    }

    /// <summary>Changes one number: the first finite one, or where there is only one such, that.</summary>
    internal void Perturb(string name, Func<double, double> change)
    {
        Tensor old = Tensors[name];
        using Tensor wide = old.To(ScalarType.Float64);
        double[] values = wide.ToArray<double>();
        int index = Array.FindIndex(values, double.IsFinite);
        values[index] = change(values[index]);
        using Tensor changed = Tensor.From(values, old.Shape.ToArray());
        Set(name, changed.To(old.ScalarType));
    }

    /// <summary>Writes into a folder.</summary>
    /// <returns>The file.</returns>
    internal string Write(TemporaryFolder folder, string kind)
    {
        string path = folder[$"{kind}.safetensors"];
        SafetensorsFile.Write(path, Tensors, Metadata);
        return path;
    }

    public void Dispose()
    {
        foreach (Tensor tensor in Tensors.Values)
            tensor.Dispose();
    }
}
