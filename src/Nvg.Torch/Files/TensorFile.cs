using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Nvg.Torch.Files.PyTorch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Torch.Files;

/// <summary>
/// Tensors by name from a file that is mapped into memory. They belong to this object and are views of the mapping, which stays alive as
/// long as any tensor uses it.
/// </summary>
public abstract class TensorFile : IReadOnlyDictionary<string, Tensor>, IDisposable
{
    private protected TensorFile() { }

    /// <inheritdoc/>
    public abstract IEnumerable<string> Keys { get; }

    /// <inheritdoc/>
    public abstract int Count { get; }

    /// <inheritdoc/>
    public IEnumerable<Tensor> Values => Keys.Select(name => this[name]);

    /// <summary>The tensor with a name; owned by this object.</summary>
    /// <exception cref="TensorFileException">The file has no tensor with this name, or its bytes are damaged.</exception>
    public abstract Tensor this[string key] { get; }

    /// <summary>Opens a safetensors or PyTorch file. The format is detected from the content, not from the file name.</summary>
    /// <exception cref="TensorFileException">
    /// The file has neither format, is damaged, or contains something that is not allowed.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TensorFile Open(string path)
    {
        byte[] head = new byte[FileContent.HeadLength];
        ReadOnlySpan<byte> start;
        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read))
            start = head.AsSpan(0, stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false));
        if (PyTorchFile.IsStartOf(start))
            return PyTorchFile.Open(path);
        if (start.Length > SafetensorsFile.LengthPrefix && start[SafetensorsFile.LengthPrefix] == '{')
            return SafetensorsFile.Open(path);
        throw new TensorFileException($"{path}: {Refusal(start)}");
    }

    /// <summary>Explains why a file does not contain tensors by naming what it is instead.</summary>
    /// <param name="start">The first bytes of the file.</param>
    private protected static string Refusal(ReadOnlySpan<byte> start)
    {
        FileContent content = FileContent.Of(start);
        return content.Refusal ?? (content.Description.StartsWith("an unknown", StringComparison.Ordinal)
            ? "neither a safetensors nor a PyTorch file"
            : $"neither a safetensors nor a PyTorch file, but {content.Description}");
    }

    /// <inheritdoc/>
    public abstract bool ContainsKey(string key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out Tensor value)
    {
        value = ContainsKey(key) ? this[key] : null;
        return value is not null;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, Tensor>> GetEnumerator() =>
        Keys.Select(name => KeyValuePair.Create(name, this[name])).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Drops the file's own references; tensors derived from them keep the mapping alive.</summary>
    public abstract void Dispose();
}
