using Nvg.Configuration;

namespace Nvg.Training.Tasks;

/// <summary>Checks and errors for a model that a run starts with.</summary>
internal static class RunStart
{
    /// <summary>Throws unless a model's tokenizer has the same settings as the run's.</summary>
    /// <exception cref="NvgDataException">The settings differ.</exception>
    internal static void RequireSettings<T>(string folder, T tokenizer, T ofRun)
    {
        // Records compare lists by reference, so their JSON is compared instead.
        if (NvgJson.Write(tokenizer) != NvgJson.Write(ofRun))
            throw Unfit(folder, "its tokenizer has other settings");
    }

    /// <summary>The exception for a model that does not fit.</summary>
    internal static NvgDataException Unfit(string folder, string reason) =>
        NvgDataException.At(folder, "the run cannot start with this model", reason);
}
