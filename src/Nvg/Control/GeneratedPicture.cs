using Nvg.Rendering;

namespace Nvg.Control;

/// <summary>A generated picture.</summary>
/// <param name="Request">What it was asked as.</param>
/// <param name="Picture">The picture.</param>
/// <param name="Stages">Its growth, stage by stage; empty unless asked for.</param>
public sealed record GeneratedPicture(RequestedPicture Request, RgbImage Picture, IReadOnlyList<StagePicture> Stages);
