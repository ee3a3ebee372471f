using System.Globalization;

namespace Nvg.Training.Distributed;

/// <summary>How the processes of a run find each other, and how long they wait.</summary>
public sealed record ProcessSettings
{
    /// <summary>How long a process waits for all others at the start.</summary>
    public TimeSpan MeetingTimeout { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Time without a sign of life after which a process counts as lost.</summary>
    public TimeSpan LostAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a process waits for the others before it reports what it is waiting for.</summary>
    public TimeSpan AnnounceWaitAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Network interface for Gloo; null for the interface that the host name resolves to.</summary>
    public string? Network { get; init; }

    /// <summary>Reads <c>NVG_MEETING_SECONDS</c>, <c>NVG_LOST_AFTER_SECONDS</c> and <c>GLOO_SOCKET_IFNAME</c>.</summary>
    /// <param name="variable">Returns the value of a variable, or null.</param>
    /// <exception cref="FormatException">A time is not a positive number.</exception>
    public static ProcessSettings Read(Func<string, string?> variable)
    {
        var defaults = new ProcessSettings();
        return new ProcessSettings
        {
            MeetingTimeout = Seconds(variable, "NVG_MEETING_SECONDS") ?? defaults.MeetingTimeout,
            LostAfter = Seconds(variable, "NVG_LOST_AFTER_SECONDS") ?? defaults.LostAfter,
            Network = variable("GLOO_SOCKET_IFNAME") is { Length: > 0 } names ? names.Split(',')[0] : null,
        };
    }

    private static TimeSpan? Seconds(Func<string, string?> variable, string name)
    {
        if (variable(name) is not { Length: > 0 } text)
            return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and < 1e6
            ? TimeSpan.FromSeconds(seconds)
            : throw new FormatException($"{name} is '{text}', which is not a positive number of seconds");
    }
}
