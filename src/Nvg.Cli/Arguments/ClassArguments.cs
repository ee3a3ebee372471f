using Nvg.Cli.Terminal;
using Nvg.Labels;

namespace Nvg.Cli.Arguments;

/// <summary>Classes as options name them.</summary>
internal static class ClassArguments
{
    /// <summary>The numbers of the classes in a list.</summary>
    /// <exception cref="UsageException">The model has no class of a name, or several.</exception>
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
