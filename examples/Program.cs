// dotnet run --project examples -- NAME [MODEL] [FOLDER]
using Nvg.Examples;
using Nvg.Torch;

string name = args.Length > 0 ? args[0] : "";
if (Examples.All.TryGetValue(name, out Example? example))
{
    TorchRuntime.Load();
    await example(args.Length > 1 ? args[1] : "models/nvg-cifar10", args.Length > 2 ? args[2] : "out");
    return 0;
}

Console.Error.WriteLine($"examples: {string.Join(", ", Examples.All.Keys)}");
return 2;
