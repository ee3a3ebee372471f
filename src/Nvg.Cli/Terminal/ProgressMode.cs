namespace Nvg.Cli.Terminal;

/// <summary>How the progress of long work is shown on standard error.</summary>
internal enum ProgressMode
{
    /// <summary>A live line on a terminal, otherwise a line every ten seconds.</summary>
    Auto,

    /// <summary>A line every ten seconds.</summary>
    Plain,

    /// <summary>A JSON object per line, at most one per second.</summary>
    Json,

    /// <summary>Nothing.</summary>
    None,
}
