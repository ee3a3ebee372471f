using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Nvg.Sampling;

namespace Nvg;

/// <summary>
/// Computes the requests for a model one at a time, in the background. The images of a request may differ in class, seed, given parts and
/// settings; images with equal settings are computed together. If the reader of a request is slow, other requests are computed in the
/// meantime, so a reader may make its own request between two updates. <see cref="NvgModel"/> already has a pipeline. A separate one is
/// needed only to stop some of a model's requests independently.
/// </summary>
/// <param name="model">Borrowed until the pipeline is disposed.</param>
public sealed class NvgPipeline(NvgModel model) : IDisposable, IAsyncDisposable
{
    // Beyond this limit, the work waits for a slow reader, so that previews do not pile up.
    private const int UpdatesAhead = 16;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CancellationTokenSource _disposing = new();
    private readonly HashSet<Task> _running = [];
    private bool _disposed;
    private bool _freed;

    /// <summary>The model.</summary>
    public NvgModel Model => model;

    /// <summary>Generates and reports every stage and image as it is finished.</summary>
    /// <param name="request">The images; <see cref="GenerationRequest.BatchSize"/> of them are computed together.</param>
    /// <param name="previews">Whether each stage includes the images so far, which costs one decoder pass per stage.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <returns>
    /// Updates in order of occurrence. Images whose settings differ from the first image's are computed after that group.
    /// </returns>
    /// <exception cref="ArgumentException">Settings, classes or given parts do not fit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; images returned earlier stay valid.</exception>
    /// <exception cref="ObjectDisposedException">The pipeline was disposed, before or while it ran.</exception>
    public async IAsyncEnumerable<GenerationUpdate> RunAsync(
        GenerationRequest request, bool previews = false, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        // The work stops if the reader leaves early.
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var updates = Channel.CreateBounded<GenerationUpdate>(
            new BoundedChannelOptions(UpdatesAhead) { SingleReader = true, SingleWriter = true });
        Task work = Begin(request, previews, updates.Writer, leaving.Token);
        try
        {
            await foreach (GenerationUpdate update in updates.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
                yield return update;
            await work.ConfigureAwait(false);
        }
        finally
        {
            await leaving.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Generates all images of a request.</summary>
    /// <param name="request">The images.</param>
    /// <param name="progress">Receives a report after every stage, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <returns>The images in the order of the request.</returns>
    /// <exception cref="ArgumentException">Settings, classes or given parts do not fit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<IReadOnlyList<GeneratedImage>> GenerateAsync(
        GenerationRequest request, IProgress<GenerationProgress>? progress = null, CancellationToken cancellation = default)
    {
        var images = new GeneratedImage[request.Images.Count];
        await foreach (GenerationUpdate update in RunAsync(request, cancellation: cancellation).ConfigureAwait(false))
        {
            progress?.Report(update.Progress);
            if (update is ImageCompleted done)
                images[done.Index] = done.Image;
        }

        return images;
    }

    /// <summary>Generates one image.</summary>
    /// <param name="image">The request.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    public async Task<GeneratedImage> GenerateAsync(ImageRequest image, CancellationToken cancellation = default) =>
        (await GenerateAsync(new GenerationRequest { Images = [image] }, null, cancellation).ConfigureAwait(false))[0];

    /// <summary>
    /// Stops running requests and waits for them (at most for one forward pass); their readers receive an
    /// <see cref="ObjectDisposedException"/>. Afterwards, the model may be disposed.
    /// </summary>
    public void Dispose()
    {
        Task[] running = Stop();
        Task.WaitAll(running);
        Free();
    }

    /// <summary>Same as <see cref="Dispose"/>, but without blocking the caller.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] running = Stop();
        await Task.WhenAll(running).ConfigureAwait(false);
        Free();
    }

    // Every call waits for the work, so that each caller may dispose the model afterwards.
    private Task[] Stop()
    {
        Task[] running;
        bool isFirst;
        lock (_running)
        {
            running = [.. _running];
            isFirst = !_disposed;
            _disposed = true;
        }

        if (isFirst)
            _disposing.Cancel();
        return running;
    }

    private void Free()
    {
        lock (_running)
        {
            if (_freed)
                return;
            _freed = true;
        }

        _turn.Dispose();
        _disposing.Dispose();
    }

    private Task Begin(GenerationRequest request, bool previews, ChannelWriter<GenerationUpdate> updates, CancellationToken cancellation)
    {
        // An unknown class is reported before the request waits for its turn.
        foreach (ImageRequest image in request.Images)
            _ = model.NumberOf(image.Class);
        lock (_running)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            CancellationToken disposing = _disposing.Token;
            Task work = Task.Run(() => Work(request, previews, updates, disposing, cancellation), CancellationToken.None);
            _running.Add(work);
            _ = work.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return work;
        }
    }

    private void Forget(Task work)
    {
        lock (_running)
            _running.Remove(work);
    }

    // Never throws: the channel passes errors to the reader.
    private async Task Work(
        GenerationRequest request, bool previews, ChannelWriter<GenerationUpdate> updates, CancellationToken disposing,
        CancellationToken leaving)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(disposing, leaving);
        try
        {
            await _turn.WaitAsync(ending.Token).ConfigureAwait(false);
            var turn = new PipelineTurn(_turn);
            try
            {
                // Images with different settings cannot share a forward pass, so images with equal settings are grouped.
                int[] order = [.. Enumerable.Range(0, request.Images.Count)
                    .GroupBy(i => request.SettingsOf(request.Images[i], model)).SelectMany(group => group)];
                GenerationRequest sorted = request with { Images = [.. order.Select(i => request.Images[i])] };
                Run(sorted, order, previews, update => turn.Send(updates, update, ending.Token), ending.Token);
            }
            finally
            {
                turn.End();
            }

            updates.Complete();
        }
        catch (OperationCanceledException) when (disposing.IsCancellationRequested)
        {
            updates.Complete(new ObjectDisposedException(nameof(NvgPipeline)));
        }
        catch (Exception error)
        {
            updates.Complete(error);
        }
    }

    private void Run(GenerationRequest sorted, int[] order, bool previews, Action<GenerationUpdate> send, CancellationToken cancellation)
    {
        int done = 0;
        GenerationProgress progress = new(0, order.Length, 0);
        void Observe(IReadOnlyList<ImageRequest> batch, StageResult stage)
        {
            double work = done + batch.Count * (stage.Stage + 1.0) / model.Grid.StageCount;
            progress = progress with { Share = work / order.Length };
            send(new StageCompleted(progress, stage.Stage, order[done..(done + batch.Count)], previews ? stage.Preview(model, batch) : [])
            {
                Structures = stage.StructureMaps(batch.Count),
            });
        }

        foreach (GeneratedImage image in ImageGeneration.Run(model, sorted, null, Observe, cancellation))
        {
            progress = progress with { Done = done + 1 };
            send(new ImageCompleted(progress, order[done++], image));
        }
    }
}
