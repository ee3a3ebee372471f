namespace Nvg.Configuration;

/// <summary>Sampling settings of a method. Every method has its own record type.</summary>
public interface ISamplingSettings
{
    /// <summary>All problems of the settings; empty if there are none.</summary>
    /// <param name="lastStage">Index of the model's last stage.</param>
    IEnumerable<string> Validate(int lastStage);
}
