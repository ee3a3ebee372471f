namespace Nvg.Checkpoints;

/// <summary>The file that every model folder has, of any method.</summary>
internal static class ModelFolderFiles
{
    /// <summary>The tensors of the tokenizer.</summary>
    internal const string Tokenizer = "tokenizer.safetensors";

    /// <summary>Refuses a path that is not a model folder.</summary>
    /// <param name="folder">The path.</param>
    /// <exception cref="NvgDataException">There is no folder, or it has no tokenizer.</exception>
    internal static void Require(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw NvgDataException.At(
                folder, "there is no model folder", "nvg models lists those that have a name; nvg convert makes one of checkpoints");
        }

        if (!File.Exists(Path.Combine(folder, Tokenizer)))
            throw NvgDataException.At(folder, $"is not a model folder: it has no {Tokenizer}");
    }
}
