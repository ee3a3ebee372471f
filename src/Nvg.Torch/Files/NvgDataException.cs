using Nvg.Torch.Files;

namespace Nvg;

/// <summary>
/// The exception that is thrown if data or a model cannot be used. The message is one line for the user who provided it: where, what is
/// wrong, and how to fix it. Names in it may come from untrusted sources, so control characters are escaped.
/// </summary>
public sealed class NvgDataException : Exception
{
    /// <summary>Creates an exception with a default message.</summary>
    public NvgDataException()
    {
    }

    /// <param name="message">One line: where, what is wrong, and how to fix it.</param>
    public NvgDataException(string message)
        : base(ForeignName.Display(message))
    {
    }

    /// <param name="message">One line: where, what is wrong, and how to fix it.</param>
    /// <param name="innerException">The cause, or null.</param>
    public NvgDataException(string message, Exception? innerException)
        : base(ForeignName.Display(message), innerException)
    {
    }

    /// <summary>The affected file, folder, archive entry or key, or null if only the message names it.</summary>
    public string? Path { get; private init; }

    /// <summary>What the user can do about it, or null if that is obvious.</summary>
    public string? Remedy { get; private init; }

    /// <summary>Creates an exception with the message <c>where: what; remedy</c>.</summary>
    /// <param name="where">The file, folder, archive entry or key.</param>
    /// <param name="what">What is wrong with it.</param>
    /// <param name="remedy">What the user can do, or null if that is obvious.</param>
    /// <param name="innerException">The cause, or null.</param>
    public static NvgDataException At(string where, string what, string? remedy = null, Exception? innerException = null) =>
        new(remedy is null ? $"{where}: {what}" : $"{where}: {what}; {remedy}", innerException) { Path = where, Remedy = remedy };
}
