namespace Nvg.Configuration;

/// <summary>Sampling settings of a method. Every method has a record of its own.</summary>
public interface ISamplingSettings
{
    /// <summary>All problems of the settings; empty if there are none.</summary>
    /// <param name="lastStage">Index of the model's last stage.</param>
    IEnumerable<string> Validate(int lastStage);
}
