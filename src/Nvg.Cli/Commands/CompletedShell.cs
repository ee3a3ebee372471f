namespace Nvg.Cli.Commands;

/// <summary>A shell whose command lines can be completed.</summary>
internal enum CompletedShell
{
    /// <summary>GNU Bash.</summary>
    Bash,

    /// <summary>Z shell.</summary>
    Zsh,

    /// <summary>Friendly interactive shell.</summary>
    Fish,
}
