using Nvg.Torch;

namespace Nvg.Server;

/// <summary>Settings of the server. The defaults limit memory, time and the work of a single client.</summary>
public sealed class NvgServerOptions
{
    /// <summary>Folders of the models to serve. Each is served under the name in its config; the first is the default model.</summary>
    public IList<string> ModelFolders { get; } = [];

    /// <summary>
    /// Models that the application has loaded, in the precision <see cref="Type"/>; borrowed until the application stops.
    /// </summary>
    public IList<NvgModel> Models { get; } = [];

    /// <summary>Where images are computed.</summary>
    public Device Device { get; set; } = Device.Cpu;

    /// <summary>
    /// Precision of the matrices of generators and decoder, as in <see cref="NvgModelOptions.Type"/>. It is recorded in documents.
    /// </summary>
    public ScalarType Type { get; set; } = ScalarType.Float32;

    /// <summary>
    /// Number of images that are always computed together. An incomplete batch is filled with copies, so that the load of the
    /// server never changes the bytes of an image. Null for the default of the device: 1 on a CPU and 16 on a GPU.
    /// </summary>
    public int? BatchSize { get; set; }

    /// <summary>CPU threads per operation, set for the whole process; null leaves the setting unchanged.</summary>
    public int? Threads { get; set; } = Environment.ProcessorCount;

    /// <summary>Keys of clients. Without keys, everyone may use the endpoints.</summary>
    public IList<string> Keys { get; } = [];

    /// <summary>Maximum number of waiting images; further requests are rejected with status 429.</summary>
    public int QueueLimit { get; set; } = 256;

    /// <summary>Maximum number of waiting images per client.</summary>
    public int QueueLimitPerClient { get; set; } = 128;

    /// <summary>Maximum number of images per job.</summary>
    public int ImagesPerJob { get; set; } = 64;

    /// <summary>Maximum size in bytes of a request with files.</summary>
    public long BodyBytes { get; set; } = 32 << 20;

    /// <summary>Maximum size in bytes of a request with JSON only.</summary>
    public long JsonBytes { get; set; } = 8 << 20;

    /// <summary>Maximum number of pixels of an uploaded image; the header is checked before the image is decoded.</summary>
    public long UploadPixels { get; set; } = 1 << 24;

    /// <summary>How long a request may take to arrive.</summary>
    public TimeSpan UploadTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Maximum enlargement of an image in a response.</summary>
    public int LargestScale { get; set; } = 16;

    /// <summary>Time after which a job is cancelled, including the time in the queue.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Time after which a job that no client queries is cancelled, unless it is detached.</summary>
    public TimeSpan Abandonment { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long results of a finished job are kept.</summary>
    public TimeSpan ResultLifetime { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Maximum number of images of finished jobs that are kept; the oldest job is removed first.</summary>
    public int ResultImages { get; set; } = 512;

    /// <summary>Maximum size in bytes of the results of finished jobs that are kept.</summary>
    public long ResultBytes { get; set; } = 512 << 20;

    /// <summary>How long accepted work may take to finish when the application stops.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time of a forward pass beyond which the server counts as not ready.</summary>
    public TimeSpan StallTime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether <c>dall-e-…</c> and <c>gpt-image-…</c> mean the default model, for clients whose model name is fixed.</summary>
    public bool ModelAliases { get; set; }

    /// <summary>Whether the part of AUTOMATIC1111's API is mapped.</summary>
    public bool Automatic1111 { get; set; }

    /// <summary>All problems with the settings; empty if there are none.</summary>
    public IEnumerable<string> Validate()
    {
        if (ModelFolders.Count + Models.Count == 0)
            yield return "no model to serve: name a model folder";
        (string Name, long Value)[] counts =
        [
            (nameof(BatchSize), BatchSize ?? 1), (nameof(Threads), Threads ?? 1), (nameof(QueueLimit), QueueLimit),
            (nameof(QueueLimitPerClient), QueueLimitPerClient), (nameof(ImagesPerJob), ImagesPerJob), (nameof(BodyBytes), BodyBytes),
            (nameof(JsonBytes), JsonBytes), (nameof(UploadPixels), UploadPixels), (nameof(LargestScale), LargestScale),
            (nameof(ResultBytes), ResultBytes),
        ];
        foreach ((string name, long value) in counts.Where(c => c.Value < 1))
            yield return $"{name} must be at least 1, not {value}";
        if (ResultImages < 0)
            yield return $"{nameof(ResultImages)} must not be negative";
        (string Name, TimeSpan Value)[] times =
        [
            (nameof(UploadTime), UploadTime), (nameof(Deadline), Deadline), (nameof(Abandonment), Abandonment),
            (nameof(ResultLifetime), ResultLifetime), (nameof(StallTime), StallTime),
        ];
        foreach ((string name, TimeSpan value) in times.Where(t => t.Value <= TimeSpan.Zero))
            yield return $"{name} must be positive, not {value}";
        if (Keys.Any(k => k.Length < MinimumKeyLength))
            yield return $"a key has fewer than {MinimumKeyLength} characters";
    }

    private const int MinimumKeyLength = 16;
}
