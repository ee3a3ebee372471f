namespace Nvg.Data.Files;

/// <summary>A member of a tar archive.</summary>
/// <param name="Name">Bytes of its path.</param>
/// <param name="Type">Type flag.</param>
/// <param name="Size">Size of the content in bytes.</param>
/// <param name="IsSparse">Whether the content omits holes of the file.</param>
internal sealed record TarMember(byte[] Name, char Type, long Size, bool IsSparse)
{
    /// <summary>Whether it is a folder.</summary>
    internal bool IsFolder => Type == '5' || (Type is '0' or '\0' && Name is [.., (byte)'/']);

    /// <summary>The reason why a member that is not a folder cannot be read as a file, or null if it can.</summary>
    internal string? Obstacle => Type switch
    {
        _ when IsSparse => "is a sparse file, which is not read",
        '0' or '\0' or '7' => null,
        '1' => "is a hard link inside the archive, which is not followed",
        '2' => "is a symbolic link inside the archive, which is not followed",
        '3' or '4' => "is a device, not a file",
        '6' => "is a named pipe, not a file",
        'M' => "is a part of a file from another volume",
        _ => $"is a member of type '{Type}', which is not read",
    };
}
