using System.Reflection;
using System.Text.RegularExpressions;

namespace Nvg.Architecture.Tests;

/// <summary>The table in docs/method.md from the paper to the code names members and tests that exist.</summary>
public partial class MethodTableTests
{
    private const int FewestRows = 30;
    private const BindingFlags Anything =
        BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    [Fact]
    public void Table_EveryMember_Exists()
    {
        ILookup<string, Type> types = Layers.Projects.SelectMany(layer => Layers.TypesOf(layer.Project)).ToLookup(type => type.Name);
        bool Exists((string Type, string Member) name) => types[name.Type].Any(type => type.GetMember(name.Member, Anything).Length > 0);
        Assert.All(Names(column: 2), name => Assert.True(Exists(name), $"there is no {name.Type}.{name.Member}"));
    }

    [Fact]
    public void Table_EveryTest_Exists()
    {
        ILookup<string, string> sources = Repository.SourceFiles("tests", ".cs").ToLookup(file => Path.GetFileNameWithoutExtension(file));
        bool Exists((string Type, string Member) name) => sources[name.Type].Any(file => Declares(file, name.Member));
        Assert.All(Names(column: 3), name => Assert.True(Exists(name), $"there is no {name.Type}.{name.Member}"));
    }

    private static bool Declares(string file, string method) => File.ReadLines(file).Any(line =>
        line.Contains("public ", StringComparison.Ordinal) && line.Contains($" {method}(", StringComparison.Ordinal));

    // Names in backquotes in one column of the table, as Type.Member.
    private static List<(string Type, string Member)> Names(int column)
    {
        string[][] rows = [.. File.ReadLines(Repository.PathOf("docs/method.md"))
            .SkipWhile(line => line != "| paper | what | code | test |").Skip(2)
            .TakeWhile(line => line.StartsWith('|')).Select(line => line.Trim('|').Split('|'))];
        Assert.True(rows.Length >= FewestRows, $"the table has {rows.Length} rows");
        IEnumerable<Match> matches = rows.SelectMany(row => Name().Matches(row[column]));
        return [.. matches.Select(match => (match.Groups["type"].Value, match.Groups["member"].Value))];
    }

    [GeneratedRegex(@"`(?<type>\w+)\.(?<member>\w+)`")]
    private static partial Regex Name();
}
