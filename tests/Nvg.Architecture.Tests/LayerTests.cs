using System.ComponentModel;

namespace Nvg.Architecture.Tests;

/// <summary>Dependencies between projects and between the rooms of a project point in one direction.</summary>
public class LayerTests
{
    public static TheoryData<string> Projects => [.. Layers.Projects.Select(layer => layer.Project)];

    public static TheoryData<string> ProjectsWithRooms => [.. Layers.Rooms.Keys];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_UsesOnlyTheProjectsBelowIt(string project)
    {
        string[] allowed = [project, .. Layers.Projects.Single(layer => layer.Project == project).Uses];
        var offences =
            from type in Layers.TypesOf(project)
            from used in TypeUses.Of(type)
            where Layers.IsOfProject(used) && !allowed.Contains(used.Assembly.GetName().Name)
            select $"{project} -> {used.Assembly.GetName().Name}: {type} uses {used}";
        AssertNone(offences);
    }

    [Theory]
    [MemberData(nameof(ProjectsWithRooms))]
    public void Room_UsesOnlyTheRoomsBelowIt(string project)
    {
        List<string> order = [.. Layers.Rooms[project]];
        var offences =
            from type in Layers.TypesOf(project)
            from used in TypeUses.Of(type)
            where used.Assembly == type.Assembly && Layers.IsOfProject(used)
            where order.IndexOf(used.Namespace!) > order.IndexOf(type.Namespace!)
            where !Layers.Exceptions.Contains((type.Namespace!, used.Namespace!))
            select $"{type.Namespace} -> {used.Namespace}: {type} uses {used}";
        AssertNone(offences);
    }

    [Theory]
    [MemberData(nameof(ProjectsWithRooms))]
    public void Room_OfEveryType_IsInTheList(string project)
    {
        string[] found = [.. Layers.TypesOf(project).Select(type => type.Namespace!).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(Layers.Rooms[project].Order(StringComparer.Ordinal), found);
    }

    [Fact]
    public void Exceptions_AllOccur()
    {
        var edges = (
            from project in Layers.Rooms.Keys
            from type in Layers.TypesOf(project)
            from used in TypeUses.Of(type)
            where used.Assembly == type.Assembly
            select (type.Namespace!, used.Namespace!)).ToHashSet();
        Assert.All(Layers.Exceptions, exception => Assert.Contains(exception, edges));
    }

    // The scan must see method bodies, signatures, attributes and generic arguments; otherwise the tests above prove nothing.
    [Fact]
    public void TypeUses_OfASample_AreAllSeen()
    {
        IReadOnlySet<Type> used = TypeUses.Of(typeof(Sample));
        Type[] expected =
        [
            typeof(DescriptionAttribute), typeof(List<>), typeof(Version), typeof(Uri), typeof(Guid), typeof(StringComparer),
            typeof(TimeZoneInfo), typeof(InvalidOperationException),
        ];
        Assert.All(expected, type => Assert.Contains(type, used));
        Assert.DoesNotContain(typeof(Random), used);
    }

    private static void AssertNone(IEnumerable<string> offences) =>
        Assert.True(!offences.Any(), string.Join('\n', offences.Distinct().Order(StringComparer.Ordinal)));

    [Description("Seen as an attribute.")]
    private sealed class Sample
    {
        private readonly List<Version> _field = [];

        internal Guid[] Method(Uri parameter)
        {
            try
            {
                return StringComparer.Ordinal.Equals(parameter.Host, TimeZoneInfo.Utc.Id) && _field.Count > 0 ? [Guid.Empty] : [];
            }
            catch (InvalidOperationException)
            {
                return [];
            }
        }
    }
}
