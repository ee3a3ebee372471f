using System.Globalization;
using Nvg.Control;

namespace Nvg.Evaluation.Studies;

/// <summary>The stages that the images of a study point keep from reference images of their class.</summary>
/// <param name="Part">Structure, or structure and content.</param>
/// <param name="Stages">Number of stages, from the coarsest.</param>
public sealed record KeptStages(KeptPart Part, int Stages)
{
    /// <summary>Reads <c>structure:3</c> or <c>both:2</c>; <c>nothing</c> is null.</summary>
    /// <exception cref="NvgDataException">The text has another form.</exception>
    public static KeptStages? Parse(string text)
    {
        if (text == "nothing")
            return null;
        string[] parts = text.Split(':');
        return parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int stages) && stages > 0
            && parts[0] switch { "structure" => KeptPart.Structure, "both" => KeptPart.Both, _ => (KeptPart?)null } is { } part
            ? new KeptStages(part, stages)
            : throw new NvgDataException($"keep takes nothing, structure:N or both:N with a number of stages, not '{text}'");
    }
}
