using System.Text.Json;

namespace Nvg.Studio.Tests;

/// <summary>Pure modules of the page, called one by one.</summary>
[Collection(SharedStudio.Name)]
public sealed class ModuleTests(StudioServer studio)
{
    [ChromiumFact]
    public async Task Seeds_AsText_AreReadAsLists()
    {
        string[][] read = await CallAsync<string[][]>("recipe/seeds.js", "['7', '1, 5 9', '3-6', ''].map(text => m.parseSeeds(text, 64))");
        Assert.Equal([["7"], ["1", "5", "9"], ["3", "4", "5", "6"], []], read);
        string[] counted = await CallAsync<string[]>("recipe/seeds.js", "m.seedsOf('18446744073709551615', 2, 64)");
        Assert.Equal(["18446744073709551615", "0"], counted);
        string[] refused = await CallAsync<string[]>("recipe/seeds.js", """
            ['x', '18446744073709551616', '5-3', '1-100', '-1'].map(text => {
              try { m.parseSeeds(text, 64); return ''; } catch (e) { return e.message; }
            })
            """);
        Assert.All(refused, message => Assert.NotEqual("", message));
        string[] texts = await CallAsync<string[]>("recipe/seeds.js", "[['7'], ['3', '4', '5'], ['1', '5']].map(m.seedText)");
        Assert.Equal(["7", "3-5", "1, 5"], texts);
    }

    [ChromiumFact]
    public async Task Raster_FloodAndMajority_FollowTheirDefinition()
    {
        int[] filled = await CallAsync<int[]>("paint/raster.js", """
            (() => {
              const p = m.blank(4, 4);
              p.data.set([0,1,0,0, 1,1,0,0, 0,0,0,0, 0,0,1,1]);
              m.flood(p, 3.5, 0.5, 5);
              return [...p.data];
            })()
            """);
        Assert.Equal([0, 1, 5, 5, 1, 1, 5, 5, 5, 5, 5, 5, 5, 5, 1, 1], filled);
        int[] majority = await CallAsync<int[]>("paint/raster.js", """
            (() => { const p = m.blank(4, 4); p.data.set([0,1,2,2, 1,1,2,3, 0,0,3,3, 1,1,2,2]); return m.majority(p, 2, 2); })()
            """);
        // Ties go to the smaller value.
        Assert.Equal([1, 2, 0, 2], majority);
    }

    [ChromiumFact]
    public async Task Colours_OfChildren_AreNearestToTheirParent()
    {
        int[] strangers = await CallAsync<int[]>("maps/colours.js", """
            [1, 2, 3, 4, 5].map(stage => {
              const labels = [...Array(2 ** stage).keys()];
              const difference = (a, b) => Math.hypot(...a.map((x, i) => x - b[i]));
              const far = (label, parent) => difference(m.clusterColour(label, stage), m.clusterColour(parent, stage - 1));
              const nearest = label => labels.slice(0, labels.length / 2).sort((a, b) => far(label, a) - far(label, b))[0];
              return labels.filter(label => nearest(label) !== label >> 1).length;
            })
            """);
        Assert.Equal([0, 0, 0, 0, 0], strangers);
        int distinct = await CallAsync<int>(
            "maps/colours.js", "new Set([...Array(64).keys()].map(label => m.clusterColour(label, 6).join())).size");
        Assert.Equal(64, distinct);
    }

    [ChromiumFact]
    public async Task Locks_OfContent_StayWithinThoseOfStructure()
    {
        string[] keeps = await CallAsync<string[]>("views/locks.js", """
            [m.toggleContent({ structure: 1, content: [0] }, 3), m.toggleStructure({ structure: 4, content: [0, 3] }, 2),
             m.toggleStructure({ structure: 2, content: [] }, 4), m.toggleContent({ structure: 4, content: [1, 3] }, 1)].map(JSON.stringify)
            """);
        Assert.Equal(
            [
                """{"structure":4,"content":[0,3]}""", """{"structure":2,"content":[0]}""",
                """{"structure":5,"content":[]}""", """{"structure":4,"content":[3]}""",
            ],
            keeps);
    }

    private async Task<T> CallAsync<T>(string module, string expression)
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        JsonElement? result = await page.Page.EvaluateAsync(
            $"async () => {{ const m = await import(new URL('{module}', document.baseURI)); return {expression}; }}");
        return result!.Value.Deserialize<T>()!;
    }
}
