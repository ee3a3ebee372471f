using System.Globalization;

namespace Nvg.Training.Distributed;

/// <summary>How processes find each other, and how long they wait.</summary>
public sealed record ProcessSettings
{
    /// <summary>How long the processes wait at the start until all have come.</summary>
    public TimeSpan MeetingTimeout { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>A process that is silent for so long is lost.</summary>
    public TimeSpan LostAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Network interface that Gloo uses; null for that of the host's name.</summary>
    public string? Network { get; init; }

    /// <summary>Reads <c>NVG_MEETING_SECONDS</c>, <c>NVG_LOST_AFTER_SECONDS</c> and <c>GLOO_SOCKET_IFNAME</c>.</summary>
    /// <param name="variable">Gives a variable's value, or null.</param>
    /// <exception cref="FormatException">A time is no positive number.</exception>
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
            : throw new FormatException($"{name} is '{text}', which is no number of seconds");
    }
}
