namespace Nvg;

/// <summary>
/// Data or a model cannot be used as it is. The message is one line for the person who gave it: where, what is
/// wrong, and how to mend it.
/// </summary>
public sealed class NvgDataException : Exception
{
    /// <summary>An exception without a message of its own.</summary>
    public NvgDataException()
    {
    }

    /// <param name="message">One line: where, what is wrong, how to mend it.</param>
    public NvgDataException(string message)
        : base(message)
    {
    }

    /// <param name="message">One line: where, what is wrong, how to mend it.</param>
    /// <param name="innerException">What was met below.</param>
    public NvgDataException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Puts the line together: <c>where: what; mend</c>.</summary>
    /// <param name="where">The file, folder, archive entry or key.</param>
    /// <param name="what">What is wrong with it.</param>
    /// <param name="mend">What the reader can do, or null where that is plain.</param>
    /// <param name="innerException">What was met below, or null.</param>
    public static NvgDataException At(string where, string what, string? mend = null, Exception? innerException = null) =>
        new(mend is null ? $"{where}: {what}" : $"{where}: {what}; {mend}", innerException);
}
