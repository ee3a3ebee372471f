using System.CommandLine;
using System.CommandLine.Completions;
using Nvg.Cli.Terminal;
using Nvg.Labels;

namespace Nvg.Cli.Arguments;

/// <summary>Completions for shells: models and their classes.</summary>
internal static class ModelSuggestions
{
    /// <summary>Names of the models that can be found by name.</summary>
    internal static IEnumerable<CompletionItem> Models(CompletionContext context) =>
        ModelFolder.All().Select(folder => new CompletionItem(Path.GetFileName(folder)));

    /// <summary>Classes of the model on the command line, for a list separated by commas.</summary>
    internal static IEnumerable<CompletionItem> Classes(CompletionContext context, Option<string?> model)
    {
        try
        {
            ModelCard card = ModelCard.Read(ModelFolder.Resolve(context.ParseResult.GetValue(model)));
            IEnumerable<string> names = card.Classes.Select(line => ClassLabel.Parse(line).Name);
            return Suggestions.OfList(names, context.WordToComplete).Select(name => new CompletionItem(name));
        }
        catch (NvgDataException)
        {
            // A problem with the model is reported when the command runs.
            return [];
        }
    }
}
