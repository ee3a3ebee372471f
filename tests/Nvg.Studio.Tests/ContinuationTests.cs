using Microsoft.Playwright;
using Nvg.Documents;

namespace Nvg.Studio.Tests;

[Collection(SharedStudio.Name)]
public sealed class ContinuationTests(StudioServer studio)
{
    [ChromiumFact]
    public async Task Vary_FromAStage_KeepsTheStagesBeforeIt()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await GenerateOneAsync(page, "5");
        StoredImage first = await page.SingleAsync();
        await page.SetAsync("", 1);
        await page.Page.GetByRole(AriaRole.Radio, new() { Name = "Stage 3, 4 parts" }).CheckAsync();
        await page.Button("Vary from stage 3").ClickAsync();
        await page.Page.WaitForFunctionAsync("() => document.querySelectorAll('.gallery .entry').length === 2");

        StoredImage varied = (await page.GalleryAsync()).Single(image => image.Key != first.Key);
        Assert.NotEqual(first.Seed, varied.Seed);
        Assert.Equal(first.Structure.Take(3), varied.Structure.Take(3));
        Assert.NotEqual(first.Structure[6], varied.Structure[6]);
        (int[] before, int[] after) = (Content(first), Content(varied));
        // The tokens of three stages, for each of 64 positions.
        Assert.Equal(before[..(3 * 64)], after[..(3 * 64)]);
        Assert.NotEqual(before, after);
    }

    [ChromiumFact]
    public async Task Locks_OfContent_FollowThoseOfStructure()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await GenerateOneAsync(page, "5");
        await page.Button("Use its structure").ClickAsync();
        ILocator structure = page.Button("Keep: structure of stage 3");
        ILocator content = page.Button("Keep: content of stage 5");
        await structure.ClickAsync();
        await Assertions.Expect(structure).ToHaveAttributeAsync("aria-pressed", "false");
        await content.ClickAsync();
        await Assertions.Expect(content).ToHaveAttributeAsync("aria-pressed", "true");
        await Assertions.Expect(page.Button("Keep: structure of stage 5")).ToHaveAttributeAsync("aria-pressed", "true");
        await structure.ClickAsync();
        await Assertions.Expect(content).ToHaveAttributeAsync("aria-pressed", "false");
    }

    [ChromiumFact]
    public async Task Mask_PaintedOverAnImage_LeavesTheRestAsItWas()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await GenerateOneAsync(page, "6");
        StoredImage first = await page.SingleAsync();
        await page.Button("Regenerate a region").ClickAsync();
        await page.StartAsync();
        await Assertions.Expect(page.Page.Locator(".go .note")).ToHaveTextAsync("Paint the region to regenerate first.");
        await page.DragAsync((2, 2), (2, 5));
        Assert.Equal(("regenerate", "keep"), (await page.PaintAtAsync(2, 3), await page.PaintAtAsync(7, 7)));
        var kept = new List<int>();
        for (int at = 0; at < 64; at++)
        {
            if (await page.PaintAtAsync(at / 8, at % 8) == "keep")
                kept.Add(at);
        }

        await page.SetAsync("", 1);
        await page.GenerateAsync();
        StoredImage redone = (await page.GalleryAsync()).Single(image => image.Key != first.Key);
        Assert.All(Enumerable.Range(0, 7), stage => Assert.All(
            kept, at => Assert.Equal(first.Structure[stage][at], redone.Structure[stage][at])));
        Assert.NotEqual(first.Image, redone.Image);
    }

    [ChromiumFact]
    public async Task Document_DroppedOnThePage_IsContinued()
    {
        GeneratedImage frog = await studio.Model.GenerateAsync("frog", seed: 11);
        string document = Convert.ToBase64String(ImageDocument.Of(studio.Model, studio.Model.Fingerprint(), frog).ToBytes());
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await DropAsync(page, document, "frog.nvg");
        await Assertions.Expect(page.Page.Locator(".growth h3")).ToHaveTextAsync("frog · seed 11");
        Assert.Equal("frog", await page.Page.GetByRole(AriaRole.Combobox, new() { Name = "Class" }).InputValueAsync());
        await Assertions.Expect(page.Page.Locator("#continuation")).ToBeVisibleAsync();
        StoredImage opened = await page.SingleAsync();
        Assert.Equal(7, opened.Previews);
        Assert.Equal(document, opened.Document);

        // Everything kept and the same seed: the very image again.
        await page.Button("Stop continuing").ClickAsync();
        await page.UseStructureAsync("Free");
        await page.Button("Use settings").ClickAsync();
        await page.GenerateAsync();
        StoredImage again = (await page.GalleryAsync()).Single(image => image.Key != opened.Key);
        Assert.Equal(opened.ImageBytes, again.ImageBytes);
    }

    [ChromiumFact]
    public async Task File_ThatIsNoImage_IsRefusedWithASentence()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await DropAsync(page, Convert.ToBase64String("no image at all"u8), "notes.png");
        await Assertions.Expect(page.Page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        Assert.Empty(await page.GalleryAsync());
        // The browser itself reports the status of the answer.
        page.Problems.RemoveAll(text => text.Contains("400", StringComparison.Ordinal));
    }

    private static async Task GenerateOneAsync(StudioPage page, string seed)
    {
        await page.UseStructureAsync("Free");
        await page.SetAsync(seed, 1);
        await page.GenerateAsync();
    }

    private static int[] Content(StoredImage image) =>
        ImageDocument.Read(image.DocumentBytes, "stored").Sequence.AllTokens.ToArray();

    private static async Task DropAsync(StudioPage page, string base64, string name) => await page.Page.EvaluateAsync(
        """
        ([base64, name]) => {
          const bytes = Uint8Array.from(atob(base64), each => each.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], name));
          document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }));
        }
        """, new[] { base64, name });
}
