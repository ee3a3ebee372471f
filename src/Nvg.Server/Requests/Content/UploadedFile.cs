namespace Nvg.Server.Requests.Content;

/// <summary>A file of a request.</summary>
/// <param name="Part">Name of its field, such as <c>mask</c>.</param>
/// <param name="Bytes">Its content.</param>
internal sealed record UploadedFile(string Part, byte[] Bytes);
