using Nvg.Documents;
using Nvg.Imaging;

namespace Nvg.Server.Requests;

/// <summary>What a request refers to: an image, or a result of the model.</summary>
/// <param name="Image">Its pixels, in the model's size.</param>
/// <param name="Document">How it was made, or null for an image from elsewhere.</param>
internal sealed record Reference(RgbImage Image, ImageDocument? Document);
