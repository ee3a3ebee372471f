#pragma warning disable MEAI001 // image generators are experimental in Microsoft.Extensions.AI
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Nvg.Extensions.AI;

namespace Nvg.Examples;

/// <summary>
/// The model as an <see cref="IImageGenerator"/> of Microsoft.Extensions.AI: with services and middleware, steered by properties,
/// stage by stage, and as a tool of a chat client.
/// </summary>
public static class ImageGenerator
{
    public static async Task RunAsync(string modelFolder, string folder)
    {
        var services = new ServiceCollection();
        services.AddNvgImageGenerator(modelFolder).ConfigureOptions(options => options.MediaType ??= "image/png");
        await using ServiceProvider provider = services.BuildServiceProvider();
        IImageGenerator generator = provider.GetRequiredService<IImageGenerator>();

        // A sentence may name the class; properties set the rest.
        var options = new ImageGenerationOptions { AdditionalProperties = new() { ["seed"] = 7 } };
        ImageGenerationResponse answer = await generator.GenerateImagesAsync("a river from above", options);
        DataContent river = answer.Contents.OfType<DataContent>().First();
        await File.WriteAllBytesAsync(Path.Combine(folder, "river.png"), river.Data.ToArray());
        AdditionalPropertiesDictionary about = river.AdditionalProperties!;
        Console.WriteLine($"class {about["class"]}, seed {about["seed"]}, {answer.Usage!.OutputTokenCount} tokens");

        // An image as the structure of another.
        var edit = new ImageGenerationRequest("highway", [new DataContent(river.Data, "image/png")]);
        ImageGenerationResponse highway = await generator.GenerateAsync(edit, new ImageGenerationOptions());
        await File.WriteAllBytesAsync(Path.Combine(folder, "highway.png"), ((DataContent)highway.Contents[0]).Data.ToArray());

        // Stages as they are finished, through any middleware.
        NvgImageGenerator own = generator.GetRequiredService<NvgImageGenerator>();
        await foreach (NvgImageUpdate update in own.GenerateStreamingAsync(new ImageGenerationRequest("river"), options))
        {
            string name = update.Stage is { } stage ? $"stage{stage}.png" : "finished.png";
            await File.WriteAllBytesAsync(Path.Combine(folder, name), ((DataContent)update.Contents[0]).Data.ToArray());
        }
    }

    /// <summary>A chat client whose model may generate images: give it the client of any provider.</summary>
    public static IChatClient WithImages(IChatClient chat, IImageGenerator generator) =>
        chat.AsBuilder().UseImageGeneration(generator).UseFunctionInvocation().Build();
}
