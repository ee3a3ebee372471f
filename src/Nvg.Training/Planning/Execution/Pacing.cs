namespace Nvg.Training.Planning.Execution;

/// <summary>
/// Keeps a stage within its time: at a few points, the number of steps is chosen again from the measured rate. Until the learning
/// rate decays, steps do not depend on the length of the run, so the run may become shorter or longer. During the decay, it only
/// becomes shorter, if the stage would end late; the learning rate then drops to its value in the shorter decay.
/// </summary>
internal sealed class Pacing
{
    // Points at which the length of the stage is chosen again, as shares of the steps before the decay.
    private static readonly double[] Points = [0.25, 0.5, 0.75, 0.96];

    // The same points in the decay, as shares of the time that was left for it.
    private static readonly double[] DecayPoints = [0.15, 0.4, 0.65, 0.85];

    // Shortest decay as a share of its planned steps. Without a decay, the weights would be those of the peak rate.
    private const double ShortestDecay = 0.1;

    // A smaller change is not worth an interruption.
    private const double LeastChange = 0.03;

    private readonly double _holdShare;
    private readonly double _deadline;
    private int _point, _decayPoint;
    private double? _start, _decayStart;
    private double _baseSeconds;
    private long _baseStep;
    private long _startStep;

    /// <param name="steps">Number of steps planned so far.</param>
    /// <param name="holdShare">Share of the steps before the decay.</param>
    /// <param name="deadline">Time at which the stage should end, in seconds of the run.</param>
    internal Pacing(long steps, double holdShare, double deadline) => (Steps, _holdShare, _deadline) = (steps, holdShare, deadline);

    /// <summary>Number of steps of the stage.</summary>
    internal long Steps { get; private set; }

    /// <summary>Records progress; returns whether <see cref="Steps"/> changed.</summary>
    /// <param name="step">Completed steps.</param>
    /// <param name="seconds">Time of the run so far.</param>
    internal bool Observe(long step, double seconds)
    {
        if (_start is not { } start)
        {
            (_start, _startStep, _baseStep, _baseSeconds) = (seconds, step, step, seconds);
            return false;
        }

        if (step >= Steps * _holdShare)
            return IsDecayPoint(seconds) && step > _baseStep && seconds > _baseSeconds && Shorten(step, seconds);
        if (_point >= Points.Length || !IsReached(Points[_point], step, start, seconds))
            return false;
        while (_point < Points.Length && IsReached(Points[_point], step, start, seconds))
            _point++;
        if (step <= _baseStep || seconds <= _baseSeconds)
            return false;
        // A stage that slowed down may stay slow and must not run late. A speed-up counts by half, because other work may return.
        double late = (step - _baseStep) / (seconds - _baseSeconds), whole = (step - _startStep) / (seconds - start);
        double rate = Math.Min(late, (late + whole) / 2);
        (_baseStep, _baseSeconds) = (step, seconds);
        return Choose(step, (long)(step + rate * Math.Max(0, _deadline - seconds)));
    }

    private bool IsReached(double point, long step, double start, double seconds)
    {
        double ofSteps = step / (Steps * _holdShare), ofTime = (seconds - start) / Math.Max(1, (_deadline - start) * _holdShare);
        return Math.Max(ofSteps, ofTime) >= point;
    }

    private bool IsDecayPoint(double seconds)
    {
        double decay = _decayStart ??= seconds, share = (seconds - decay) / Math.Max(1, _deadline - decay);
        int before = _decayPoint;
        while (_decayPoint < DecayPoints.Length && share >= DecayPoints[_decayPoint])
            _decayPoint++;
        return _decayPoint > before;
    }

    private bool Shorten(long step, double seconds)
    {
        double rate = (step - _baseStep) / (seconds - _baseSeconds), decayStart = Steps * _holdShare;
        (_baseStep, _baseSeconds) = (step, seconds);
        long possible = (long)(step + rate * Math.Max(0, _deadline - seconds));
        long chosen = Math.Max(Math.Max(possible, step + 1), (long)(decayStart + ShortestDecay * (Steps - decayStart)));
        if (chosen > (1 - LeastChange) * Steps)
            return false;
        Steps = chosen;
        return true;
    }

    // The start of the decay, which is a share of the length, must not have passed yet.
    private bool Choose(long step, long wanted)
    {
        long shortest = (long)Math.Ceiling((step + 1) / Math.Max(0.01, _holdShare));
        long chosen = Math.Max(wanted, shortest);
        if (Math.Abs(chosen - Steps) < LeastChange * Steps)
            return false;
        Steps = chosen;
        return true;
    }
}
