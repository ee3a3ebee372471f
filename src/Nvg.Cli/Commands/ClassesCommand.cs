using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Labels;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg classes</c>: lists the classes of a model.</summary>
internal sealed class ClassesCommand
{
    private readonly Argument<string?> _model = new("model")
    {
        Description = $"Model folder or name; by default {ModelFolder.Variable} or {ModelFolder.ShippedName}",
        Arity = ArgumentArity.ZeroOrOne,
        CompletionSources = { ModelSuggestions.Models },
    };

    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new ClassesCommand();
        Command command = new Command("classes", "List the classes of a model in the form that --class accepts") { arguments._model }
            .With(arguments._json);
        command.SetAction(arguments.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        ModelCard card = ModelCard.Read(ModelFolder.Resolve(parsed.GetValue(_model)));
        ClassLabel[] classes = [.. card.Classes.Select(ClassLabel.Parse)];
        if (parsed.GetValue(_json))
        {
            MachineOutput.Write(classes.Select((c, i) => new ClassReport(i, c.Identifier, c.Names)));
            return CommandRunner.Done;
        }

        bool hasIdentifiers = classes.Any(c => c.Identifier is not null);
        foreach ((int index, ClassLabel label) in classes.Index())
            ConsoleText.Print($"{index,4}  {(hasIdentifiers ? $"{label.Identifier,-10}  " : "")}{label.AllNames}");
        return CommandRunner.Done;
    }

    private sealed record ClassReport(int Number, string? Identifier, IReadOnlyList<string> Names);
}
