using Nvg.Training.Optimization;

namespace Nvg.Training.Runs;

/// <summary>Settings of a training run, whatever it trains.</summary>
/// <typeparam name="TSelf">The record itself.</typeparam>
public interface IRunConfiguration<TSelf>
    where TSelf : IRunConfiguration<TSelf>
{
    /// <summary>Steps, batch, optimizer.</summary>
    TrainingOptions Training { get; }

    /// <summary>All problems with the settings; empty if there are none.</summary>
    IEnumerable<string> Validate();

    /// <summary>
    /// The settings that identify the run. What may change when it resumes (its length, how often it logs, where files are)
    /// is replaced by fixed values.
    /// </summary>
    TSelf IdentitySettings();
}
