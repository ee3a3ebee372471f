namespace Nvg.Checkpoints;

/// <summary>The file that every model folder contains, whatever its method.</summary>
internal static class ModelFolderFiles
{
    /// <summary>The tensors of the tokenizer.</summary>
    internal const string Tokenizer = "tokenizer.safetensors";

    /// <summary>Throws if a path is not a model folder.</summary>
    /// <param name="folder">The path.</param>
    /// <exception cref="NvgDataException">The folder does not exist, or it does not contain a tokenizer.</exception>
    internal static void Require(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw NvgDataException.At(
                folder, "model folder not found", "nvg models lists named models; nvg convert creates one from checkpoints");
        }

        if (!File.Exists(Path.Combine(folder, Tokenizer)))
            throw NvgDataException.At(folder, $"is not a model folder: it has no {Tokenizer}");
    }
}
