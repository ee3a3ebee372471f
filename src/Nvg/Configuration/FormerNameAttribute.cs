namespace Nvg.Configuration;

/// <summary>The JSON key that earlier versions used for a setting. It is still read but never written.</summary>
/// <param name="name">The former key, camelCase.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class FormerNameAttribute(string name) : Attribute
{
    /// <summary>The former key.</summary>
    internal string Name { get; } = name;
}
