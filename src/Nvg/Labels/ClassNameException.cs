namespace Nvg.Labels;

/// <summary>A model has no class of a name, or several. The message is one line: what is wrong, and what to write instead.</summary>
public sealed class ClassNameException : ArgumentException
{
    /// <summary>An exception without a message of its own.</summary>
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

    /// <summary>The name that was asked for.</summary>
    public string Name { get; init; } = "";

    /// <summary>Names of the model's classes that may have been meant, the most similar first; empty where none is similar.</summary>
    public IReadOnlyList<string> Suggestions { get; init; } = [];

    /// <summary>Numbers of the classes that all have this name; empty where none has.</summary>
    public IReadOnlyList<int> Matches { get; init; } = [];
}
