using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Nvg.Torch.Files;

namespace Nvg.Data.Files;

/// <summary>
/// Lists folders and opens files by the bytes of their names. .NET replaces bytes that are not UTF-8, so it can neither distinguish such
/// names nor open the files; on Linux, the C library is used instead. Opening never blocks, not even for a pipe.
/// </summary>
internal static unsafe partial class FolderListing
{
    private const int CurrentFolder = -100, WithoutFollowing = 0x100;
    private const uint TypeMask = 1;

    // O_RDONLY | O_NONBLOCK | O_CLOEXEC
    private const int OpenFlags = 0x800 | 0x80000;

    /// <summary>The items of a folder, in no particular order.</summary>
    /// <exception cref="IOException">The folder cannot be listed.</exception>
    internal static IReadOnlyList<FolderItem> Items(string folder)
    {
        if (!OperatingSystem.IsLinux())
            return [.. new DirectoryInfo(folder).GetFileSystemInfos().Select(Managed)];
        fixed (byte* path = Terminated(folder))
        {
            nint directory = OpenDirectory(path);
            if (directory == 0)
                throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
            try
            {
                return Read(directory, folder);
            }
            finally
            {
                _ = CloseDirectory(directory);
            }
        }
    }

    /// <summary>Opens a file for reading.</summary>
    /// <param name="path">The path, in the form of <see cref="FolderItem.Path"/>.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    internal static FileStream Open(string path)
    {
        if (!OperatingSystem.IsLinux())
            return File.OpenRead(path);
        fixed (byte* name = Terminated(path))
        {
            int descriptor = OpenFile(name, OpenFlags);
            return descriptor >= 0
                ? new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Read, bufferSize: 1)
                : throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
        }
    }

    /// <summary>Whether a path is a folder, or a link to one.</summary>
    internal static bool IsFolder(string path) =>
        OperatingSystem.IsLinux() ? TypeOf(path, followLinks: true) == FileType.Folder : Directory.Exists(path);

    /// <summary>The reason why a path cannot be read as a file (such as a pipe or device), or null.</summary>
    internal static string? Obstacle(string path) => OperatingSystem.IsLinux() ? Obstacle(TypeOf(path, followLinks: true)) : null;

    private static List<FolderItem> Read(nint directory, string folder)
    {
        const int recordName = 19;
        var items = new List<FolderItem>();
        while (ReadDirectory(directory) is var entry && entry != null)
        {
            string name = ForeignName.FromBytes(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(entry + recordName));
            if (name is "." or "..")
                continue;
            string path = folder.EndsWith('/') ? folder + name : $"{folder}/{name}";
            FileType type = TypeOf(path, followLinks: false);
            items.Add(type == FileType.Link ? Link(name, path) : new FolderItem(name, path, type == FileType.Folder, Obstacle(type)));
        }

        return items;
    }

    private static FolderItem Link(string name, string path)
    {
        FileType target = TypeOf(path, followLinks: true);
        return new FolderItem(name, path, IsFolder: false, target switch
        {
            FileType.Folder => "is a link to a folder, which is not followed",
            FileType.Unknown => "is a broken link",
            _ => Obstacle(target),
        });
    }

    private static FolderItem Managed(FileSystemInfo item)
    {
        bool isFolder = item is DirectoryInfo;
        string? obstacle = isFolder && item.LinkTarget is not null ? "is a link to a folder, which is not followed" : null;
        return new FolderItem(ForeignName.FromText(item.Name), item.FullName, isFolder && obstacle is null, obstacle);
    }

    private static string? Obstacle(FileType type) => type switch
    {
        FileType.Regular or FileType.Folder => null,
        FileType.Pipe => "is a named pipe, not a file",
        FileType.Socket => "is a socket, not a file",
        FileType.Character or FileType.Block => "is a device, not a file",
        _ => "is not a file that is read",
    };

    private static FileType TypeOf(string path, bool followLinks)
    {
        // struct statx: the mode is 16 bits at offset 28.
        const int length = 256, modeOffset = 28;
        byte* status = stackalloc byte[length];
        fixed (byte* name = Terminated(path))
        {
            return Status(CurrentFolder, name, followLinks ? 0 : WithoutFollowing, TypeMask, status) == 0
                ? (FileType)(*(ushort*)(status + modeOffset) & 0xF000)
                : FileType.Unknown;
        }
    }

    private static byte[] Terminated(string path) => [.. ForeignName.ToBytes(path), 0];

    [LibraryImport("libc", EntryPoint = "opendir", SetLastError = true)]
    private static partial nint OpenDirectory(byte* path);

    [LibraryImport("libc", EntryPoint = "readdir", SetLastError = true)]
    private static partial byte* ReadDirectory(nint directory);

    [LibraryImport("libc", EntryPoint = "closedir", SetLastError = true)]
    private static partial int CloseDirectory(nint directory);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int OpenFile(byte* path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int Status(int folder, byte* path, int flags, uint mask, byte* status);

    // The type bits of a Unix mode.
    private enum FileType
    {
        Unknown = 0,
        Pipe = 0x1000,
        Character = 0x2000,
        Folder = 0x4000,
        Block = 0x6000,
        Regular = 0x8000,
        Link = 0xA000,
        Socket = 0xC000,
    }
}
