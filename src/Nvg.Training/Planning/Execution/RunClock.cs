using System.Diagnostics;

namespace Nvg.Training.Planning.Execution;

/// <summary>Time of a run over all its starts, and its state on disk. Used by one thread.</summary>
public sealed class RunClock
{
    private static readonly TimeSpan BetweenSaves = TimeSpan.FromSeconds(5);

    private readonly Stopwatch _sinceStart = Stopwatch.StartNew();
    private readonly Stopwatch _sinceSave = Stopwatch.StartNew();
    private readonly string _folder;
    private readonly double _before;
    private double _stageStart;

    /// <param name="folder">Folder of the run.</param>
    /// <param name="spent">Time spent before the folder existed, in seconds.</param>
    public RunClock(string folder, double spent = 0)
    {
        _folder = folder;
        State = RunState.Read(folder);
        _before = State.Seconds + spent;
        _stageStart = _before;
    }

    /// <summary>The state of the run.</summary>
    public RunState State { get; private set; }

    /// <summary>Time of the run so far, in seconds.</summary>
    public double Seconds => _before + _sinceStart.Elapsed.TotalSeconds;

    /// <summary>Begins or continues a stage.</summary>
    internal void Begin(string name) => _stageStart = Seconds - State.Stage(name).Seconds;

    /// <summary>Changes the state of a stage and saves it.</summary>
    /// <param name="name">The stage.</param>
    /// <param name="change">Creates the new state.</param>
    public void Save(string name, Func<StageState, StageState> change)
    {
        State = State.With(name, change(State.Stage(name)) with { Seconds = Seconds - _stageStart });
        Save();
    }

    /// <summary>Saves the time periodically.</summary>
    internal void Tick(string name)
    {
        if (_sinceSave.Elapsed >= BetweenSaves)
            Save(name, stage => stage);
    }

    /// <summary>Marks the run as finished.</summary>
    public void Finish()
    {
        State = State with { IsFinished = true };
        Save();
    }

    private void Save()
    {
        State = State with { Seconds = Seconds };
        State.Write(_folder);
        _sinceSave.Restart();
    }
}
