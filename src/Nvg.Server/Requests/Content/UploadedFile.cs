namespace Nvg.Server.Requests.Content;

/// <summary>A file of a request.</summary>
/// <param name="Part">Name of the form field, such as <c>mask</c>.</param>
/// <param name="Bytes">Content of the file.</param>
internal sealed record UploadedFile(string Part, byte[] Bytes);
