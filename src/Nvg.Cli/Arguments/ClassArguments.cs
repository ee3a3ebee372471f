using Nvg.Cli.Terminal;
using Nvg.Labels;

namespace Nvg.Cli.Arguments;

/// <summary>Parses the classes named in options.</summary>
internal static class ClassArguments
{
    /// <summary>The indices of the classes in a list.</summary>
    /// <exception cref="UsageException">A name matches no class of the model, or several.</exception>
    internal static IReadOnlyList<int> FindAll(ClassNames names, string list)
    {
        try
        {
            return names.FindAll(list);
        }
        catch (ClassNameException error)
        {
            throw new UsageException(error.Message);
        }
    }
}
