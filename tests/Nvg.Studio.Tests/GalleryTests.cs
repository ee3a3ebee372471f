using Microsoft.Playwright;
using Nvg.Documents;

namespace Nvg.Studio.Tests;

[Collection(SharedStudio.Name)]
public sealed class GalleryTests(StudioServer studio)
{
    [ChromiumFact]
    public async Task Reload_InTheMiddleOfARun_GoesOnWithIt()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.SetAsync("20", 3);
        await page.StartAsync();
        await page.Page.WaitForSelectorAsync(".tile.ready");
        await page.Page.ReloadAsync();
        await page.ReadyAsync();
        await page.WaitForRunAsync("completed");

        IReadOnlyList<StoredImage> stored = await page.GalleryAsync();
        Assert.Equal(["20", "21", "22"], stored.Select(image => image.Seed));
        Assert.All(stored, image => Assert.Equal(("completed", 7), (image.State, image.Previews)));
        Assert.Equal(3, await page.Page.Locator(".thumb").CountAsync());
    }

    [ChromiumFact]
    public async Task Reload_AfterARun_KeepsImagesDocumentsAndTheForm()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.UseStructureAsync("Halves");
        await page.SetAsync("9", 1);
        await page.GenerateAsync();
        StoredImage before = await page.SingleAsync();
        // Also without the server's results, after they have expired.
        await page.Page.EvaluateAsync("id => fetch(`api/jobs/${id}`, { method: 'DELETE' })", before.Key.Split('/')[0]);
        await page.Page.ReloadAsync();
        await page.ReadyAsync();
        await Assertions.Expect(page.Page.Locator(".growth h3")).ToHaveTextAsync("ship · seed 9");
        StoredImage after = await page.SingleAsync();
        Assert.Equal((before.Image, before.Document), (after.Image, after.Document));
        ImageDocument document = ImageDocument.Read(after.DocumentBytes, "stored");
        Assert.Equal(("ship", 9UL), (document.Description.Label, document.Description.Seed));
        Assert.Equal("9", await page.Page.GetByLabel("Seed", new() { Exact = true }).InputValueAsync());
        Assert.True(await page.Page.GetByRole(AriaRole.Radio, new() { Name = "Halves" }).IsCheckedAsync());
        page.Problems.RemoveAll(text => text.Contains("410", StringComparison.Ordinal));
    }

    [ChromiumFact]
    public async Task Delete_AndUndo_BringsTheImageBack()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.SetAsync("12", 1);
        await page.GenerateAsync();
        await page.Button("Delete").ClickAsync();
        await Assertions.Expect(page.Page.Locator(".entry")).ToHaveCountAsync(0);
        // A reload reads the job of the address again, but what was deleted stays away.
        await page.Button("Undo").ClickAsync();
        await Assertions.Expect(page.Page.Locator(".entry")).ToHaveCountAsync(1);
        await page.Button("Delete").ClickAsync();
        await page.Page.ReloadAsync();
        await page.ReadyAsync();
        await page.WaitForRunAsync("completed");
        Assert.Empty(await page.GalleryAsync());
    }

    // A page that is left ends the transactions of its database that are on their way, so a deletion may get no further than this.
    [ChromiumFact]
    public async Task Delete_JustBeforeAReload_StaysDeleted()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.SetAsync("14", 1);
        await page.GenerateAsync();
        string key = (await page.SingleAsync()).Key;
        await page.Page.EvaluateAsync("key => localStorage.setItem('nvg.deleted', JSON.stringify([key]))", key);
        await page.Page.ReloadAsync();
        await page.ReadyAsync();
        await page.WaitForRunAsync("completed");
        Assert.Empty(await page.GalleryAsync());
        await Assertions.Expect(page.Page.Locator(".entry")).ToHaveCountAsync(0);
    }

    [ChromiumFact]
    public async Task Download_Document_IsTheStoredOne()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.SetAsync("13", 1);
        await page.GenerateAsync();
        IDownload download = await page.Page.RunAndWaitForDownloadAsync(() => page.Button(".nvg").ClickAsync());
        Assert.Equal("ship-13.nvg", download.SuggestedFilename);
        Assert.Equal((await page.SingleAsync()).DocumentBytes, await File.ReadAllBytesAsync(await download.PathAsync()));
    }
}
