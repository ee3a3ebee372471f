using Nvg.Training.Optimization;

namespace Nvg.Training.Runs;

/// <summary>Settings of a training run of any kind.</summary>
/// <typeparam name="TSelf">The record itself.</typeparam>
public interface IRunConfiguration<TSelf>
    where TSelf : IRunConfiguration<TSelf>
{
    /// <summary>Steps, batch, optimizer.</summary>
    TrainingOptions Training { get; }

    /// <summary>All problems with the settings; empty if there are none.</summary>
    IEnumerable<string> Validate();

    /// <summary>
    /// The settings that identify the run. Settings that may change when the run resumes (its length, how often it logs, where
    /// files are) are replaced by fixed values.
    /// </summary>
    TSelf IdentitySettings();
}
