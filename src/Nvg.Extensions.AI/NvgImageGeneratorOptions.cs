using System.Diagnostics.CodeAnalysis;

namespace Nvg.Extensions.AI;

/// <summary>Settings of an <see cref="NvgImageGenerator"/>.</summary>
[Experimental("MEAI001")]
public sealed class NvgImageGeneratorOptions
{
    /// <summary>
    /// Finds the class that a prompt names. By default, the prompt is a name, number or identifier, or a sentence that contains
    /// the name of exactly one class as whole words.
    /// </summary>
    public Func<NvgModel, string, ImageClass> ClassOfPrompt { get; set; } = (model, prompt) => model.Classes.FindIn(prompt);

    /// <summary>Maximum number of images per request.</summary>
    public int MostImages { get; set; } = 64;

    /// <summary>How a model is loaded by <c>AddNvgImageGenerator</c>.</summary>
    public NvgModelOptions Model { get; set; } = new();

    /// <summary>Number of first stages of a reference whose structure is kept by default.</summary>
    public int ReferenceStages { get; set; } = 4;

    /// <summary>All problems with the settings; empty if there are none.</summary>
    public IEnumerable<string> Validate()
    {
        if (MostImages < 1)
            yield return $"{nameof(MostImages)} must be at least 1, not {MostImages}";
        if (ReferenceStages < 0)
            yield return $"{nameof(ReferenceStages)} must not be negative";
        if (ClassOfPrompt is null || Model is null)
            yield return $"{nameof(ClassOfPrompt)} and {nameof(Model)} must not be null";
    }
}
