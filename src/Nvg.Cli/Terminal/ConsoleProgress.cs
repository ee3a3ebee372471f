using System.Diagnostics;
using System.Text.Json;

namespace Nvg.Cli.Terminal;

/// <summary>Shows the progress of long work on standard error.</summary>
internal sealed class ConsoleProgress
{
    private const int BarLength = 20, DefaultWidth = 80;

    private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan JsonInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(10);

    // An estimate is not reliable before this time.
    private static readonly TimeSpan EstimateAfter = TimeSpan.FromSeconds(3);

    private readonly string _work;
    private readonly Style _style;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Lock _lock = new();
    private TimeSpan _lastShown;

    private ConsoleProgress(string work, Style style)
    {
        (_work, _style) = (work, style);
        // Live lines appear at once; plain lines only for work that takes a long time.
        _lastShown = style == Style.Plain ? TimeSpan.Zero : -PlainInterval;
    }

    private enum Style
    {
        Silent,
        Live,
        Plain,
        Json,
    }

    /// <summary>Shows nothing, in processes other than the first.</summary>
    internal static ConsoleProgress Silent { get; } = new("", Style.Silent);

    /// <summary>How progress is shown; set from the command line.</summary>
    internal static ProgressMode Mode { get; set; }

    /// <summary>Runs work that reports its progress.</summary>
    /// <param name="work">Name of the work, such as <c>training</c>.</param>
    /// <param name="action">The work.</param>
    internal static async Task<T> ShowAsync<T>(string work, Func<ConsoleProgress, Task<T>> action)
    {
        var progress = new ConsoleProgress(work, ChooseStyle());
        try
        {
            return await action(progress);
        }
        finally
        {
            progress.Clear();
        }
    }

    /// <summary>Shows the state of the work.</summary>
    /// <param name="state">Description of the work done so far, for display.</param>
    /// <param name="share">Completed share, or null if the total is unknown.</param>
    internal void Report(string state, double? share)
    {
        if (_style == Style.Silent)
            return;
        lock (_lock)
        {
            TimeSpan now = _clock.Elapsed;
            if (now - _lastShown < Interval)
                return;
            _lastShown = now;
            Console.Error.Write(_style switch
            {
                Style.Live => LiveLine(state, share, now),
                Style.Json =>
                    JsonSerializer.Serialize(new { work = _work, state, share, seconds = Math.Round(now.TotalSeconds, 1) }) + "\n",
                _ => $"{_work}: {Describe(state, share, now)}\n",
            });
            Console.Error.Flush();
        }
    }

    /// <summary>Shows that a part of the work starts whose length is unknown, even if something was shown just before.</summary>
    /// <param name="part">Description of the part.</param>
    internal void Start(string part)
    {
        lock (_lock)
            _lastShown = -PlainInterval;
        Report(part, null);
    }

    private TimeSpan Interval => _style switch
    {
        Style.Live => LiveInterval,
        Style.Json => JsonInterval,
        _ => PlainInterval,
    };

    private static Style ChooseStyle() => Mode switch
    {
        ProgressMode.None => Style.Silent,
        ProgressMode.Json => Style.Json,
        ProgressMode.Auto when !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb" => Style.Live,
        _ => Style.Plain,
    };

    private static string Describe(string state, double? share, TimeSpan elapsed)
    {
        bool hasEstimate = state.EndsWith(" left", StringComparison.Ordinal) || state.Contains(" left,", StringComparison.Ordinal);
        if (share is not (> 0 and < 1) || elapsed < EstimateAfter || hasEstimate)
            return ConsoleText.Escape(state);
        TimeSpan left = elapsed * ((1 - share.Value) / share.Value);
        return left < TimeSpan.FromDays(99) ? $@"{ConsoleText.Escape(state)}, {left:hh\:mm\:ss} left" : ConsoleText.Escape(state);
    }

    // The bar comes first, so that a narrow terminal cuts off the details.
    private string LiveLine(string state, double? share, TimeSpan elapsed)
    {
        string bar =
            share is { } done ? $"{new string('━', (int)(BarLength * Math.Clamp(done, 0, 1))).PadRight(BarLength, '╌')} {done,4:P0}  " : "";
        string line = $"{_work}  {bar}{Describe(state, share, elapsed)}";
        int width = Width() - 1;
        return $"\r{(line.Length > width ? line[..width] : line)}\e[K";
    }

    private void Clear()
    {
        if (_style != Style.Live)
            return;
        Console.Error.Write("\r\e[K");
        Console.Error.Flush();
    }

    private static int Width()
    {
        try
        {
            return Console.WindowWidth is > 1 and var width ? width : DefaultWidth;
        }
        catch (IOException)
        {
            return DefaultWidth;
        }
    }
}
