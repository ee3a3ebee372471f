using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;
using Nvg;
using Nvg.Extensions.AI;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the image generator to an application.</summary>
[Experimental("MEAI001")]
public static class NvgImageGeneratorServices
{
    /// <summary>
    /// Adds a model as the <see cref="IImageGenerator"/> of the application. The model is loaded on first use and disposed with
    /// the services.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="modelFolder">A model folder.</param>
    /// <param name="configure">Changes the settings, or null.</param>
    /// <returns>A builder to add middleware with.</returns>
    /// <exception cref="ArgumentException">The settings are invalid.</exception>
    /// <exception cref="NvgDataException">There is no model folder.</exception>
    public static ImageGeneratorBuilder AddNvgImageGenerator(
        this IServiceCollection services, string modelFolder, Action<NvgImageGeneratorOptions>? configure = null)
    {
        NvgImageGeneratorOptions options = Options(modelFolder, configure);
        services.AddSingleton(_ => new LoadedModel(modelFolder, options.Model));
        return services.AddImageGenerator(provider => new NvgImageGenerator(provider.GetRequiredService<LoadedModel>().Model, options));
    }

    /// <summary>Adds a model as a keyed <see cref="IImageGenerator"/>; several models may be added under different keys.</summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="serviceKey">The key.</param>
    /// <param name="modelFolder">A model folder.</param>
    /// <param name="configure">Changes the settings, or null.</param>
    /// <returns>A builder to add middleware with.</returns>
    /// <exception cref="ArgumentException">The settings are invalid.</exception>
    /// <exception cref="NvgDataException">There is no model folder.</exception>
    public static ImageGeneratorBuilder AddKeyedNvgImageGenerator(
        this IServiceCollection services, object? serviceKey, string modelFolder, Action<NvgImageGeneratorOptions>? configure = null)
    {
        NvgImageGeneratorOptions options = Options(modelFolder, configure);
        services.AddKeyedSingleton(serviceKey, (_, _) => new LoadedModel(modelFolder, options.Model));
        return services.AddKeyedImageGenerator(
            serviceKey, provider => new NvgImageGenerator(provider.GetRequiredKeyedService<LoadedModel>(serviceKey).Model, options));
    }

    // Problems are reported when the application starts, not at the first request.
    private static NvgImageGeneratorOptions Options(string modelFolder, Action<NvgImageGeneratorOptions>? configure)
    {
        var options = new NvgImageGeneratorOptions();
        configure?.Invoke(options);
        if (options.Validate().FirstOrDefault() is { } problem)
            throw new ArgumentException(problem);
        _ = NvgModel.ReadConfig(modelFolder);
        return options;
    }
}
