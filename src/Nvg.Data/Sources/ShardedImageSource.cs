namespace Nvg.Data.Sources;

/// <summary>Several archives that form one source, such as numbered shards; read one after the other.</summary>
internal sealed class ShardedImageSource(string path, string? subset, IReadOnlyList<ImageSource> shards) : ImageSource(path, subset)
{
    /// <inheritdoc/>
    public override IEnumerable<ImageEntry> AllEntries() => shards.SelectMany((shard, i) => shard.AllEntries().Select(entry =>
    {
        NoteRead(i + (shard.ShareRead ?? 0), shards.Count);
        return entry;
    }));
}
