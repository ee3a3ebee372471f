namespace Nvg.Imaging.Interop;

/// <summary>An operation of libvips failed; the reason lies in its error buffer, which <see cref="VipsCall"/> reads.</summary>
internal sealed class VipsException(string message) : Exception(message);
