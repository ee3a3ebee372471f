using Microsoft.Playwright;
using Nvg.Imaging;

namespace Nvg.Studio.Tests;

[Collection(SharedStudio.Name)]
public sealed class GenerateTests(StudioServer studio)
{
    [ChromiumFact]
    public async Task Generate_ClassAndSeed_GivesTheImageOfTheLibrary()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.UseStructureAsync("Free");
        ILocator field = page.Page.GetByRole(AriaRole.Combobox, new() { Name = "Class" });
        await field.FillAsync("hor");
        await field.PressAsync("Enter");
        Assert.Equal("horse", await field.InputValueAsync());
        await page.SetAsync("7", 1);
        await page.GenerateAsync();

        StoredImage stored = await page.SingleAsync();
        GeneratedImage expected = await studio.Model.GenerateAsync("horse", seed: 7);
        Assert.Equal(("horse", "7"), (stored.Label, stored.Seed));
        Assert.Equal(expected.Image.Pixels.ToArray(), ImageFile.Decode(stored.ImageBytes, "stored").Pixels.ToArray());
    }

    [ChromiumFact]
    public async Task Generate_AsItRuns_ShowsEveryStageWithItsMap()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.SetAsync("1", 1);
        await page.StartAsync();
        // The first stages can be looked at while later ones are still to come.
        await page.Page.WaitForSelectorAsync(".tile.ready");
        await page.WaitForRunAsync("completed");

        StoredImage stored = await page.SingleAsync();
        Assert.Equal(7, stored.Previews);
        Assert.Equal([1, 2, 4, 8, 16, 32, 64], stored.Structure.Select(map => map.Distinct().Count()));
        Assert.Equal(7, await page.Page.Locator(".tile.ready").CountAsync());
        Assert.Equal(7, await page.Page.Locator(".tile img:not([hidden])").CountAsync());
        await Assertions.Expect(page.Page.Locator("#live")).ToHaveTextAsync("1 image is finished.");
    }

    [ChromiumFact]
    public async Task Stages_ArrowKeys_ScrubThroughThem()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.SetAsync("2", 1);
        await page.GenerateAsync();
        await page.Page.Locator(".tile input:checked").FocusAsync();
        await page.Page.Keyboard.PressAsync("ArrowLeft");
        await page.Page.Keyboard.PressAsync("ArrowLeft");
        Assert.Equal("Structure: 16 parts", await page.Page.Locator(".pair figcaption").Last.TextContentAsync());
        Assert.Equal("Image after stage 5 of 7", await page.Page.Locator(".pair figcaption").First.TextContentAsync());
        await Assertions.Expect(page.Button("Vary from stage 5")).ToBeEnabledAsync();
    }

    [ChromiumFact]
    public async Task Stop_InTheMiddle_KeepsTheStageReached()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        // So many steps that no stage ends before the key arrives.
        await page.Page.Locator("summary").ClickAsync();
        await page.Page.GetByLabel("Structure steps").FillAsync("100");
        await page.Page.GetByLabel("Structure steps").PressAsync("Tab");
        await page.UseStructureAsync("Free");
        await page.SetAsync("3", 1);
        await page.StartAsync();
        await page.Page.WaitForSelectorAsync(".tile.ready");
        await page.Page.Keyboard.PressAsync("Escape");
        await page.WaitForRunAsync("cancelled");

        StoredImage stored = await page.SingleAsync();
        Assert.Equal("stopped", stored.State);
        Assert.InRange(stored.Previews, 1, 6);
        Assert.Null(stored.Image);
        Assert.Contains("stopped at stage", await page.Page.Locator(".badge").TextContentAsync(), StringComparison.Ordinal);
    }

    [ChromiumFact]
    public async Task UseSeed_OfAnImage_GivesTheSameImageAgain()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.SetAsync("", 1);
        await page.GenerateAsync();
        await page.Button("Use seed").ClickAsync();
        await page.GenerateAsync();

        IReadOnlyList<StoredImage> stored = await page.GalleryAsync();
        Assert.Equal(2, stored.Count);
        Assert.Equal(stored[0].Seed, stored[1].Seed);
        Assert.Equal(stored[0].Image, stored[1].Image);
    }

    [ChromiumFact]
    public async Task Compare_AnotherTemperature_ShowsBothWithWhatDiffers()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.SetAsync("4", 1);
        await page.GenerateAsync();
        await page.Button("Compare").ClickAsync();
        await page.Page.Locator("summary").ClickAsync();
        await page.Page.GetByLabel("Temperature").FillAsync("0.4");
        await page.Page.GetByLabel("Temperature").PressAsync("Tab");
        await page.GenerateAsync();

        Assert.Equal(2, await page.Page.Locator(".growth").CountAsync());
        Assert.Equal(["temperature", "1", "0.4"], await page.Page.Locator(".differences tbody tr :is(th, td)").AllTextContentsAsync());
        Assert.All(await page.GalleryAsync(), image => Assert.Equal("4", image.Seed));
    }

    [ChromiumFact]
    public async Task Seed_NotANumber_IsExplainedAndNothingIsSent()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.SetAsync("seven", 1);
        await page.StartAsync();
        await Assertions.Expect(page.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("“seven” is not a seed");
        Assert.DoesNotContain(page.Requests, url => url.EndsWith("/api/jobs", StringComparison.Ordinal));
    }
}
