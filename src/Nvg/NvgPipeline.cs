using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg;

/// <summary>
/// Images for applications: requests in, images with their sequences and progress out, without blocking the caller. Images
/// of a request may differ in class, seed, what is given and even in settings; those of equal settings are computed together.
/// One request is computed at a time. One whose reader is slow gives its turn to others, so that a reader may ask for more
/// images between two updates. Owns nothing but a lock: the model is borrowed.
/// </summary>
/// <param name="model">Borrowed until the pipeline is disposed.</param>
public sealed class NvgPipeline(NvgModel model) : IDisposable
{
    // A slow reader holds the work up rather than letting previews pile up.
    private const int UpdatesAhead = 16;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CancellationTokenSource _disposing = new();
    private readonly HashSet<Task> _running = [];
    private bool _disposed;

    /// <summary>The model.</summary>
    public NvgModel Model => model;

    /// <summary>Generates and tells of every stage and image as it is done.</summary>
    /// <param name="request">The images; <see cref="GenerationRequest.BatchSize"/> of them are computed together.</param>
    /// <param name="previews">Whether stages come with the images so far, which costs a pass of the decoder each.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <returns>Updates; images of other settings than the first come after them, each with its place in the request.</returns>
    /// <exception cref="ArgumentException">Settings, classes or what is given do not suit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; images that came before stay valid.</exception>
    /// <exception cref="ObjectDisposedException">The pipeline was disposed, before or while it ran.</exception>
    public async IAsyncEnumerable<GenerationUpdate> RunAsync(
        GenerationRequest request, bool previews = false, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        // A reader that leaves early ends the work.
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var updates = Channel.CreateBounded<GenerationUpdate>(new BoundedChannelOptions(UpdatesAhead) { SingleReader = true, SingleWriter = true });
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
    /// <param name="progress">Told after every stage, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <returns>The images in the order of the request.</returns>
    /// <exception cref="ArgumentException">Settings, classes or what is given do not suit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<IReadOnlyList<GeneratedImage>> GenerateAsync(
        GenerationRequest request, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var images = new GeneratedImage[request.Images.Count];
        await foreach (GenerationUpdate update in RunAsync(request, cancellation: cancellation).ConfigureAwait(false))
        {
            progress?.Report(update.Share);
            if (update is ImageCompleted done)
                images[done.Index] = done.Image;
        }

        return images;
    }

    /// <summary>Generates one image.</summary>
    /// <param name="image">What is asked for.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    public async Task<GeneratedImage> GenerateAsync(ImageRequest image, CancellationToken cancellation = default) =>
        (await GenerateAsync(new GenerationRequest { Images = [image] }, null, cancellation).ConfigureAwait(false))[0];

    /// <summary>
    /// Stops what is running and waits for it, at the most one pass of a network; its readers get an <see cref="ObjectDisposedException"/>.
    /// The model may be disposed afterwards.
    /// </summary>
    public void Dispose()
    {
        Task[] running;
        bool first;
        lock (_running)
        {
            running = [.. _running];
            first = !_disposed;
            _disposed = true;
        }

        if (first)
            _disposing.Cancel();
        // Whoever disposes, also beside another, may dispose the model afterwards.
        Task.WaitAll(running);
        if (!first)
            return;
        _turn.Dispose();
        _disposing.Dispose();
    }

    private Task Begin(GenerationRequest request, bool previews, ChannelWriter<GenerationUpdate> updates, CancellationToken cancellation)
    {
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

    // Never throws: the reader is told.
    private async Task Work(
        GenerationRequest request, bool previews, ChannelWriter<GenerationUpdate> updates, CancellationToken disposing, CancellationToken leaving)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(disposing, leaving);
        try
        {
            await _turn.WaitAsync(ending.Token).ConfigureAwait(false);
            var turn = new PipelineTurn(_turn);
            try
            {
                // Unlike settings cannot share a pass: the images of each come one after the other, in the order of the first of each.
                int[] order = [.. Enumerable.Range(0, request.Images.Count)
                    .GroupBy(i => request.SettingsOf(request.Images[i], model)).SelectMany(group => group)];
                Run(request with { Images = [.. order.Select(i => request.Images[i])] }, order, previews, update => turn.Send(updates, update, ending.Token), ending.Token);
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
        int done = 0, count = order.Length, stages = model.Generator.Config.Grid.StageCount;
        double share = 0;
        void Observe(IReadOnlyList<ImageRequest> batch, StageResult stage) => send(new StageCompleted(
            share = (done + batch.Count * (stage.Stage + 1.0) / stages) / count, stage.Stage, order[done..(done + batch.Count)], previews ? Preview(batch, stage) : []));
        foreach (GeneratedImage image in ImageGeneration.Run(model, sorted, null, Observe, cancellation))
            send(new ImageCompleted(share, order[done++], image));
    }

    private RgbImage[] Preview(IReadOnlyList<ImageRequest> batch, StageResult stage)
    {
        using var scope = new TensorScope();
        RgbImage[] decoded = ImageTensor.ToImages(model.Tokenizer.Decode(stage.Canvas_BLC));
        // Behind them there may be copies that fill up the batch.
        return StageImages.Blended(decoded[..batch.Count], [.. batch.Select(p => p.Surroundings)]);
    }
}
