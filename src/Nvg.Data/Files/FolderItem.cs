namespace Nvg.Data.Files;

/// <summary>An item of a folder.</summary>
/// <param name="Name">The name as text; see <see cref="Nvg.Torch.Files.ForeignName"/>.</param>
/// <param name="Path">The path as text in the same form.</param>
/// <param name="IsFolder">Whether it is a folder, but not a link to one.</param>
/// <param name="Obstacle">The reason why it cannot be read as a file, or null.</param>
internal sealed record FolderItem(string Name, string Path, bool IsFolder, string? Obstacle);
