using Spectre.Console;

namespace Nvg.Cli.Terminal;

/// <summary>Long work on a console: a live line on a terminal, plain lines now and then otherwise.</summary>
internal sealed class ConsoleProgress
{
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(10);

    private readonly ProgressTask? _bar;
    private readonly string _what;
    private readonly bool _isSilent;
    private DateTime _lastPlain = DateTime.UtcNow;

    private ConsoleProgress(string what, ProgressTask? bar, bool isSilent = false) => (_what, _bar, _isSilent) = (what, bar, isSilent);

    /// <summary>Shows nothing, in a process beside the one that shows.</summary>
    internal static ConsoleProgress Silent { get; } = new("", null, isSilent: true);

    /// <summary>Runs work that reports.</summary>
    internal static async Task<T> ShowAsync<T>(string what, Func<ConsoleProgress, Task<T>> work)
    {
        // Redirected output is looked at first: the console library takes its time to start.
        if (Console.IsErrorRedirected || Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Interactive)
            return await work(new ConsoleProgress(what, null));
        return await AnsiConsole.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(context => work(new ConsoleProgress(what, context.AddTask(Markup.Escape(what)))));
    }

    /// <summary>Shows where the work stands.</summary>
    /// <param name="state">In words.</param>
    /// <param name="share">Share that is done, or null where the end is unknown.</param>
    internal void Report(string state, double? share)
    {
        if (_bar is not null)
        {
            _bar.Description = Markup.Escape($"{_what}: {state}");
            _bar.IsIndeterminate = share is null;
            _bar.Value = 100 * (share ?? 0);
        }
        else if (!_isSilent && DateTime.UtcNow - _lastPlain >= PlainInterval)
        {
            _lastPlain = DateTime.UtcNow;
            Console.Error.WriteLine($"{_what}: {state}");
        }
    }
}
