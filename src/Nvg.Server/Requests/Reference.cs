using Nvg.Documents;
using Nvg.Imaging;

namespace Nvg.Server.Requests;

/// <summary>The reference of a request: an image, or a result of the model.</summary>
/// <param name="Image">Pixels at the model's size.</param>
/// <param name="Document">Document of the result, or null for an image from another source.</param>
internal sealed record Reference(RgbImage Image, ImageDocument? Document);
