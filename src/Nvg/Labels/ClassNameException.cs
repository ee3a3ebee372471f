namespace Nvg.Labels;

/// <summary>
/// The exception that is thrown if a model has no class with a name, or several. The message is one line: what is wrong, and what to write
/// instead.
/// </summary>
public sealed class ClassNameException : ArgumentException
{
    /// <summary>Creates an exception with a default message.</summary>
    public ClassNameException()
    {
    }

    /// <param name="message">One line: what is wrong, and what to write instead.</param>
    public ClassNameException(string message)
        : base(message)
    {
    }

    /// <param name="message">One line: what is wrong, and what to write instead.</param>
    /// <param name="innerException">The cause.</param>
    public ClassNameException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>The requested name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Names of the model's classes that may have been meant, most similar first; empty if none is similar.</summary>
    public IReadOnlyList<string> Suggestions { get; init; } = [];

    /// <summary>Numbers of the classes that share this name; empty if none has it.</summary>
    public IReadOnlyList<int> Matches { get; init; } = [];
}
