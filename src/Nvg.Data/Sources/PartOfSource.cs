namespace Nvg.Data.Sources;

/// <summary>A part of another source: either the held-out images, or all others. Images keep their order.</summary>
/// <param name="whole">The source.</param>
/// <param name="every">One image of this many is held out; 0 for none.</param>
/// <param name="heldOut">Whether to select the held-out images instead of the others.</param>
/// <param name="ignoresClasses">Whether all images have the same class.</param>
internal sealed class PartOfSource(ImageSource whole, int every, bool heldOut, bool ignoresClasses) : ImageSource(whole.Path, whole.Subset)
{
    internal override double? ShareRead => whole.ShareRead;

    /// <inheritdoc/>
    public override IEnumerable<ImageEntry> AllEntries()
    {
        long index = 0;
        foreach (ImageEntry entry in whole.AllEntries())
        {
            if (entry.NotAImage is not null)
            {
                // Skipped files are reported only once, with the larger part.
                if (!heldOut)
                    yield return entry;
                continue;
            }

            // Neither the first nor the last image of a group, so that every class with enough images is in both parts.
            bool isHeldOut = every > 0 && index++ % every == every / 2;
            if (isHeldOut == heldOut)
                yield return ignoresClasses ? new ImageEntry(entry.Name, FlatClass, entry.Read) { IsLabelled = true } : entry;
        }
    }
}
