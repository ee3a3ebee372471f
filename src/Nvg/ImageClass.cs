namespace Nvg;

/// <summary>
/// The class of a requested image: a class number, or a name or identifier that the model looks up. Converts implicitly from both: <c>new
/// ImageRequest("ship")</c>, <c>new ImageRequest(8)</c>.
/// </summary>
public readonly record struct ImageClass
{
    private readonly int _number;

    /// <summary>A class by its number.</summary>
    /// <param name="number">The class number, from 0.</param>
    public ImageClass(int number) => _number = number;

    /// <summary>A class by its name.</summary>
    /// <param name="name">A name, synonym, identifier such as <c>n01440764</c>, or number; case-insensitive.</param>
    public ImageClass(string name) => Name = name ?? throw new ArgumentNullException(nameof(name));

    /// <summary>The name, or null if the class is given by its number.</summary>
    public string? Name { get; }

    /// <summary>The number, or null if the class is given by its name.</summary>
    public int? Number => Name is null ? _number : null;

    /// <summary>A class by its number.</summary>
    public static implicit operator ImageClass(int number) => new(number);

    /// <summary>A class by its name.</summary>
    public static implicit operator ImageClass(string name) => new(name);

    /// <inheritdoc/>
    public override string ToString() => Name ?? $"{_number}";
}
