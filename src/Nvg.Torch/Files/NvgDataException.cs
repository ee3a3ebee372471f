namespace Nvg;

/// <summary>
/// Data or a model cannot be used as it is. The message is one line for the person who gave it: where, what is
/// wrong, and how to remedy it.
/// </summary>
public sealed class NvgDataException : Exception
{
    /// <summary>An exception without a message of its own.</summary>
    public NvgDataException()
    {
    }

    /// <param name="message">One line: where, what is wrong, how to remedy it.</param>
    public NvgDataException(string message)
        : base(message)
    {
    }

    /// <param name="message">One line: where, what is wrong, how to remedy it.</param>
    /// <param name="innerException">What was met below.</param>
    public NvgDataException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Puts the line together: <c>where: what; remedy</c>.</summary>
    /// <param name="where">The file, folder, archive entry or key.</param>
    /// <param name="what">What is wrong with it.</param>
    /// <param name="remedy">What the reader can do, or null where that is plain.</param>
    /// <param name="innerException">What was met below, or null.</param>
    public static NvgDataException At(string where, string what, string? remedy = null, Exception? innerException = null) =>
        new(remedy is null ? $"{where}: {what}" : $"{where}: {what}; {remedy}", innerException);
}
