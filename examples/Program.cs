// dotnet run --project examples -- NAME [MODEL] [FOLDER]
using Nvg.Examples;

string name = args.Length > 0 ? args[0] : "";
if (!Examples.All.TryGetValue(name, out Example? example))
{
    Console.Error.WriteLine($"examples: {string.Join(", ", Examples.All.Keys)}");
    return 2;
}

string folder = args.Length > 2 ? args[2] : "out";
Directory.CreateDirectory(folder);
await example(args.Length > 1 ? args[1] : "models/nvg-eurosat", folder);
return 0;
