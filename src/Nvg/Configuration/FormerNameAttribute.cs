namespace Nvg.Configuration;

/// <summary>The key that an earlier version wrote for a setting. It is still read, never written.</summary>
/// <param name="name">The key in JSON, camelCase.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class FormerNameAttribute(string name) : Attribute
{
    /// <summary>The key in JSON.</summary>
    internal string Name { get; } = name;
}
