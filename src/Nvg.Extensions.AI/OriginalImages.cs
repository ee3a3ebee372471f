using Microsoft.Extensions.AI;

namespace Nvg.Extensions.AI;

/// <summary>The images of a request by role.</summary>
internal sealed class OriginalImages
{
    private const string RoleProperty = "role", Reference = "reference", MaskRole = "mask", StructureRole = "structure",
        LabelsRole = "labels";
    private static readonly string[] Roles = [MaskRole, StructureRole, LabelsRole, Reference];

    private readonly Dictionary<string, byte[]> _byRole = [];

    /// <param name="contents">Images or documents as data; the first is the reference by default.</param>
    /// <exception cref="ArgumentException">An image is a link or has no role, or two images have the same role.</exception>
    internal OriginalImages(IEnumerable<AIContent>? contents)
    {
        foreach ((int index, AIContent content) in (contents ?? []).Index())
        {
            if (content is not DataContent data)
                throw new ArgumentException("original images are given as DataContent; links are not fetched");
            string role = RoleOf(data) ?? (index == 0 ? Reference
                : throw new ArgumentException($"original image {index} has no role: name it {MaskRole}, {StructureRole} or {LabelsRole}"));
            if (!_byRole.TryAdd(role, data.Data.ToArray()))
                throw new ArgumentException($"two original images are the {role}");
        }
    }

    internal byte[]? ReferenceImage => _byRole.GetValueOrDefault(Reference);

    internal byte[]? Mask => _byRole.GetValueOrDefault(MaskRole);

    internal byte[]? Structure => _byRole.GetValueOrDefault(StructureRole);

    internal byte[]? Labels => _byRole.GetValueOrDefault(LabelsRole);

    private static string? RoleOf(DataContent content)
    {
        if (new PropertyValues(content.AdditionalProperties).Text(RoleProperty) is { } named)
        {
            return Array.Find(Roles, role => role.Equals(named, StringComparison.OrdinalIgnoreCase))
                ?? throw new ArgumentException($"'{named}' is not a role of an original image; known roles are {string.Join(", ", Roles)}");
        }

        return Array.Find(Roles, role => content.Name?.StartsWith(role, StringComparison.OrdinalIgnoreCase) == true);
    }
}
