using Nvg.Configuration;

namespace Nvg.Methods;

/// <summary>A request for images that a model of any method can answer: classes and seeds.</summary>
public sealed record DrawRequest
{
    /// <summary>The images; results come in this order.</summary>
    public required IReadOnlyList<ClassSeed> Images { get; init; }

    /// <summary>Settings of the type that the model's method uses, or null for the model's defaults.</summary>
    public ISamplingSettings? Settings { get; init; }

    /// <summary>Images computed together, or null for the default of the device: 1 on a CPU, 16 on a GPU.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Whether the images of all stages are drawn as well.</summary>
    public bool WithStages { get; init; }

    /// <summary>The settings, converted to the type of a method.</summary>
    /// <exception cref="ArgumentException">The settings belong to a different method.</exception>
    internal T? SettingsAs<T>(string model)
        where T : class, ISamplingSettings => Settings switch
        {
            null => null,
            T own => own,
            _ => throw new ArgumentException($"{model} takes settings of the type {typeof(T).Name}, not {Settings.GetType().Name}"),
        };
}
