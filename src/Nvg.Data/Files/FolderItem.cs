namespace Nvg.Data.Files;

/// <summary>An item of a folder.</summary>
/// <param name="Name">Its name as text; see <see cref="Nvg.Torch.Files.ForeignName"/>.</param>
/// <param name="Path">Its path as text of the same form.</param>
/// <param name="IsFolder">Whether it is a folder, not a link to one.</param>
/// <param name="Obstacle">Why it cannot be read as a file, or null.</param>
internal sealed record FolderItem(string Name, string Path, bool IsFolder, string? Obstacle);
