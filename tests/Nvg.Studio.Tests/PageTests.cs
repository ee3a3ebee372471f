using System.Text.Json;
using Microsoft.Playwright;
using Nvg.Server.Hosting;

namespace Nvg.Studio.Tests;

[Collection(SharedStudio.Name)]
public sealed class PageTests(StudioServer studio)
{
    private const int LargestPage = 200_000;

    [ChromiumFact]
    public async Task Page_AllItLoads_IsSmallAndComesFromTheServer()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        Assert.All(page.Requests, url => Assert.StartsWith(studio.Address.ToString(), url, StringComparison.Ordinal));
        JsonElement? sizes = await page.Page.EvaluateAsync(
            "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
            + ".filter(entry => !entry.name.includes('/api/')).map(entry => entry.decodedBodySize)");
        Assert.InRange(sizes!.Value.Deserialize<int[]>()!.Sum(), 50_000, LargestPage);
    }

    [ChromiumFact]
    public async Task Journey_FromStartToImage_AsksNobodyElse()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.SetAsync("1", 1);
        await page.GenerateAsync();
        string server = studio.Address.ToString();
        Assert.All(page.Requests, url => Assert.True(
            url.StartsWith(server, StringComparison.Ordinal) || url.StartsWith("blob:" + server, StringComparison.Ordinal), url));
    }

    [ChromiumFact]
    public async Task Theme_Switch_SurvivesAReload()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.Button("Colours: same as the system").ClickAsync();
        await page.Button("Colours: light").ClickAsync();
        Assert.Equal("rgb(18, 19, 22)", await BackgroundAsync(page));
        await page.Page.ReloadAsync();
        await page.ReadyAsync();
        Assert.Equal("rgb(18, 19, 22)", await BackgroundAsync(page));
    }

    [ChromiumFact]
    public async Task Key_Required_IsAskedForOnceAndThenRemembered()
    {
        await using NvgServerHost locked = await StudioServer.StartAsync(studio.Model, "correct horse battery");
        await using StudioPage page = await StudioPage.OpenAsync(studio, new Uri(locked.Urls[0]));
        await page.Page.GetByLabel("Key", new() { Exact = true }).FillAsync("wrong");
        await page.Button("Sign in").ClickAsync();
        await Assertions.Expect(page.Page.GetByText("The key is not correct.")).ToBeVisibleAsync();
        await page.Page.GetByLabel("Key", new() { Exact = true }).FillAsync("correct horse battery");
        await page.Button("Sign in").ClickAsync();
        await page.ReadyAsync();
        await page.Page.ReloadAsync();
        await page.ReadyAsync();
        Assert.Equal(0, await page.Page.GetByRole(AriaRole.Dialog).CountAsync());
        page.Problems.RemoveAll(text => text.Contains("401", StringComparison.Ordinal));
    }

    private static Task<string> BackgroundAsync(StudioPage page) =>
        page.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
}
