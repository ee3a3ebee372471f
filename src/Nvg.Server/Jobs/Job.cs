using System.Diagnostics;
using System.Security.Cryptography;
using Nvg.Control;
using Nvg.Imaging;
using Nvg.Server.Observability;
using Nvg.Server.Scheduling;

namespace Nvg.Server.Jobs;

/// <summary>
/// Images that were requested together, with their events and results. A job lives from the request until its results expire.
/// Thread-safe.
/// </summary>
internal sealed class Job : IPassListener, IDisposable
{
    private const int IdBytes = 16;

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _cancellation = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly JobImage[] _images;
    private readonly ServerMetrics _metrics;
    private readonly Activity? _activity;
    private long _touched = Stopwatch.GetTimestamp();
    private int _readers;
    private JobState _state = JobState.Queued;
    private Exception? _error;
    private CancelReason? _reason;

    /// <param name="client">The client that owns the job.</param>
    /// <param name="plan">The images to compute.</param>
    /// <param name="links">Paths of the job's results, for events.</param>
    /// <param name="metrics">Records the end of the job.</param>
    internal Job(string client, JobPlan plan, JobLinks? links, ServerMetrics metrics)
    {
        (Client, Plan, _metrics, IsStored) = (client, plan, metrics, links is not null);
        // A client needs only the id to read results, so it must not be guessable.
        Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
        Links = (links ?? JobLinks.None).Of(Id);
        NvgModel model = plan.Model.Model;
        _images = [.. plan.Images.Select((request, i) =>
        {
            int number = model.NumberOf(request.Class);
            return new JobImage(i, request, number, model.LabelOf(number), plan.Model.StageCount);
        })];
        _activity = ServerMetrics.Traces.StartActivity($"{ServerMetrics.Operation} {plan.Model.Name}", ActivityKind.Server);
        _activity?.SetTag("gen_ai.operation.name", ServerMetrics.Operation).SetTag("gen_ai.provider.name", "nvg")
            .SetTag("gen_ai.request.model", plan.Model.Name).SetTag("nvg.images", _images.Length);
        // The job outlives the request that posted it.
        if (_activity is not null)
            Activity.Current = _activity.Parent;
    }

    internal string Id { get; }

    internal string Client { get; }

    internal JobPlan Plan { get; }

    /// <summary>Whether clients can query the job; otherwise, the code that submitted it waits for it.</summary>
    internal bool IsStored { get; }

    internal JobLinks Links { get; }

    internal DateTimeOffset Created { get; } = DateTimeOffset.UtcNow;

    /// <summary>When the job ended, or null.</summary>
    internal DateTimeOffset? EndedAt { get; private set; }

    internal JobEventLog Events { get; } = new();

    /// <summary>Completes when the job ends, in any state.</summary>
    internal Task Ended => _ended.Task;

    internal CancellationToken Cancellation => _cancellation.Token;

    internal IReadOnlyList<JobImage> Images => _images;

    internal JobState State
    {
        get
        {
            lock (_lock)
                return _state;
        }
    }

    internal bool IsOver => State is JobState.Completed or JobState.Failed or JobState.Cancelled;

    /// <summary>Why the job failed, or null.</summary>
    internal Exception? Error
    {
        get
        {
            lock (_lock)
                return _error;
        }
    }

    /// <summary>Why the job was cancelled, or null.</summary>
    internal CancelReason? Reason
    {
        get
        {
            lock (_lock)
                return _reason;
        }
    }

    /// <summary>Memory of the results in bytes.</summary>
    internal long Bytes
    {
        get
        {
            lock (_lock)
                return _images.Sum(i => i.Bytes) + Events.Bytes;
        }
    }

    internal int Readers => Volatile.Read(ref _readers);

    /// <summary>Time since a client last queried the job.</summary>
    internal TimeSpan Untouched => Readers > 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(Volatile.Read(ref _touched));

    /// <summary>Completed share of the work.</summary>
    internal double Progress
    {
        get
        {
            lock (_lock)
                return Share();
        }
    }

    /// <summary>Notes that a client queried the job.</summary>
    internal void Touch() => Volatile.Write(ref _touched, Stopwatch.GetTimestamp());

    /// <summary>Registers a reader of events, unless there are too many.</summary>
    internal bool TryEnter(int most)
    {
        if (Interlocked.Increment(ref _readers) <= most)
            return true;
        Leave();
        return false;
    }

    /// <summary>Unregisters a reader of events.</summary>
    internal void Leave()
    {
        Touch();
        Interlocked.Decrement(ref _readers);
    }

    /// <summary>The images that the worker computes.</summary>
    internal IReadOnlyList<ImageTask> Tasks() => [.. _images.Select(image => new ImageTask(
        Client, Plan.Model, image.Request, this, image.Index, Plan.Previews, _cancellation.Token))];

    /// <summary>Writes the first event.</summary>
    internal void Queued(int position) => Events.Add("queued", new { position, images = _images.Length });

    /// <summary>Reads several values consistently.</summary>
    internal T Read<T>(Func<JobState, T> read)
    {
        lock (_lock)
            return read(_state);
    }

    /// <summary>Stops the remaining work; does nothing if the job has ended.</summary>
    internal void Cancel(CancelReason reason)
    {
        lock (_lock)
        {
            if (_state is not (JobState.Queued or JobState.Running))
                return;
            _reason = reason;
            foreach (JobImage image in _images.Where(i => i.State != JobState.Completed))
                image.State = JobState.Cancelled;
            End(JobState.Cancelled, "cancelled", new { reason, images = _images.Count(i => i.State == JobState.Completed) });
        }

        _cancellation.Cancel();
    }

    /// <inheritdoc/>
    public void Started(IReadOnlyList<int> images)
    {
        lock (_lock)
        {
            if (_state is not (JobState.Queued or JobState.Running))
                return;
            _state = JobState.Running;
            foreach (int index in images)
                _images[index].State = JobState.Running;
            Events.Add("started", new { images });
        }
    }

    /// <inheritdoc/>
    public void StageDone(int stage, IReadOnlyList<(int Image, int[] Structure, RgbImage? Preview)> images)
    {
        byte[]?[] previews = [.. images.Select(i => i.Preview is null ? null : ImageFile.Encode(i.Preview, ImageFormat.Png))];
        lock (_lock)
        {
            if (_state != JobState.Running)
                return;
            foreach (((int index, _, _), byte[]? preview) in images.Zip(previews))
            {
                _images[index].Stages = stage + 1;
                _images[index].Previews[stage] = preview;
            }

            Events.Add(
                "stage",
                new
                {
                    stage,
                    stages = Plan.Model.StageCount,
                    progress = Share(),
                    images = images.Select(i => new
                    {
                        index = i.Image,
                        preview = i.Preview is null || !IsStored ? null : Links.Stage(i.Image, stage),
                        structure = i.Structure,
                    }),
                },
                stage);
        }
    }

    /// <inheritdoc/>
    public void Completed(int image, GeneratedImage result)
    {
        RegionChange? change = Plan.Region is { } kept ? RegionChange.Between(kept.Image, result.Image, kept.Region) : null;
        lock (_lock)
        {
            if (_state != JobState.Running)
                return;
            JobImage done = _images[image];
            (done.State, done.Result, done.Change) = (JobState.Completed, result, change);
            Events.Add("image", new
            {
                index = image,
                @class = done.Class,
                label = done.Label,
                seed = $"{done.Request.Seed}",
                url = Links.Image(image),
                document = Links.Document(image),
                width = result.Image.Width,
                height = result.Image.Height,
                seconds = _clock.Elapsed.TotalSeconds,
                change = JobChange.Of(change),
            });
            if (Array.TrueForAll(_images, i => i.State == JobState.Completed))
                End(JobState.Completed, "completed", new { images = _images.Length, seconds = _clock.Elapsed.TotalSeconds });
        }
    }

    /// <inheritdoc/>
    public void Failed(int image, Exception error)
    {
        lock (_lock)
        {
            if (_state is not (JobState.Queued or JobState.Running))
                return;
            _error = error;
            foreach (JobImage other in _images.Where(i => i.State != JobState.Completed))
                other.State = JobState.Cancelled;
            // Internal errors are written to the log and not sent to clients.
            End(JobState.Failed, "failed", new { error = new { title = "Internal Server Error", status = 500, detail = FailureText } });
        }

        _cancellation.Cancel();
    }

    /// <summary>The message to clients if an image could not be computed.</summary>
    internal const string FailureText = "the image could not be computed; the server's log says why";

    /// <inheritdoc/>
    public void Dispose()
    {
        _activity?.Dispose();
        _cancellation.Dispose();
    }

    private double Share() =>
        _images.Sum(i => i.State == JobState.Completed ? 1 : (double)i.Stages / Plan.Model.StageCount) / _images.Length;

    private void End(JobState state, string name, object data)
    {
        (_state, EndedAt) = (state, DateTimeOffset.UtcNow);
        Events.Add(name, data, isLast: true);
        string? error = state switch
        {
            JobState.Failed => _error!.GetType().Name,
            JobState.Cancelled => $"{_reason}".ToLowerInvariant(),
            _ => null,
        };
        _metrics.RecordJob(Plan.Model.Name, _clock.Elapsed, error);
        if (error is not null)
            _activity?.SetStatus(ActivityStatusCode.Error, error).SetTag("error.type", error);
        _activity?.Stop();
        _ended.SetResult();
    }
}
