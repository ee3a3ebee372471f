using Nvg.Cli.Arguments.Steering;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Generation;

/// <summary>The options of <c>nvg generate</c> for a VAR model.</summary>
internal sealed record VarGenerateArguments
{
    internal required string Folder { get; init; }

    /// <summary>Class names; null for none. With a mask, none means in- or out-painting without a class.</summary>
    internal string? Class { get; init; }

    internal required int Count { get; init; }

    internal required ulong Seed { get; init; }

    internal required string Output { get; init; }

    internal int? Scale { get; init; }

    internal bool Sheet { get; init; }

    internal string? Save { get; init; }

    internal bool Stages { get; init; }

    internal string? Gif { get; init; }

    internal int? Batch { get; init; }

    internal Device Device { get; init; }

    internal ScalarType Type { get; init; }

    internal bool Json { get; init; }

    internal required ControlRequest Control { get; init; }
}
