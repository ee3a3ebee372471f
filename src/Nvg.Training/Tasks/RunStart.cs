using Nvg.Configuration;

namespace Nvg.Training.Tasks;

/// <summary>Refusals of a model that a run is to start with.</summary>
internal static class RunStart
{
    /// <summary>Throws unless a model's tokenizer has the settings of the run's.</summary>
    /// <exception cref="NvgDataException">It has others.</exception>
    internal static void RequireSettings<T>(string folder, T tokenizer, T ofRun)
    {
        // Records compare lists by reference, so the texts are compared.
        if (NvgJson.Write(tokenizer) != NvgJson.Write(ofRun))
            throw Unfit(folder, "its tokenizer has other settings");
    }

    /// <summary>What to throw for a model that does not fit.</summary>
    internal static NvgDataException Unfit(string folder, string reason) =>
        NvgDataException.At(folder, "the run cannot start with this model", reason);
}
