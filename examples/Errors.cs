using Nvg.Labels;

namespace Nvg.Examples;

/// <summary>Errors carry what a program needs to react: here the nearest class replaces a misspelt one.</summary>
internal static class Errors
{
    public static async Task RunAsync(string modelFolder, string folder)
    {
        await using NvgModel model = await NvgModel.LoadAsync(modelFolder);
        string name = "rivr";
        try
        {
            await model.GenerateAsync(name);
        }
        catch (ClassNameException error)
        {
            Console.WriteLine(error.Message);
            name = error.Suggestions[0];
        }

        (await model.GenerateAsync(name)).Save(Path.Combine(folder, $"{name}.png"));

        try
        {
            await NvgModel.LoadAsync(folder);
        }
        catch (NvgDataException error)
        {
            // One line: what is wrong, where, and how to fix it.
            Console.WriteLine(error.Message);
        }
    }
}
