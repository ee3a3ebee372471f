using System.CommandLine;
using Nvg.Checkpoints;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Var;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg models</c>: lists the shipped models, the models in <c>./models</c>, and the presets.</summary>
internal sealed class ModelsCommand
{
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new ModelsCommand();
        Command command = new Command("models", "List the shipped models, those in ./models, and the presets").With(arguments._json);
        command.SetAction(arguments.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        ModelCard[] cards = [.. ModelFolder.All().Select(ModelCard.Read)];
        string[] presets = [.. Presets.All.Select(p => p.Name), .. VarPresets.All.Select(p => p.Name)];
        if (parsed.GetValue(_json))
        {
            MachineOutput.Write(new Report(cards, presets));
            return CommandRunner.Done;
        }

        ConsoleTable.Write(
            ["name", "kind", "image size", "classes", "folder"],
            cards.Select(c => new[] { c.Name, c.Kind, $"{c.ImageSize} × {c.ImageSize}", $"{c.Classes.Count}", c.Folder }));
        ConsoleText.Print(
            $"Presets with random weights, for nvg bench and nvg evaluate: {string.Join(", ", presets)}");
        ConsoleText.Print("More about a model: nvg show MODEL, nvg classes MODEL");
        return CommandRunner.Done;
    }

    private sealed record Report(IReadOnlyList<ModelCard> Models, IReadOnlyList<string> Presets);
}
