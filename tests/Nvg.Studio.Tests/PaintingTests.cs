using System.Text.Json;
using Microsoft.Playwright;
using Nvg.Imaging;
using Nvg.Server.Hosting;

namespace Nvg.Studio.Tests;

[Collection(SharedStudio.Name)]
public sealed class PaintingTests(StudioServer studio)
{
    [ChromiumFact]
    public async Task River_DrawnWithTheMouse_IsWhatTheImageFollows()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.Button("Clear").ClickAsync();
        IResponse answer = await page.Page.RunAndWaitForResponseAsync(
            () => page.DragAsync((0, 2), (7, 2)), response => response.Url.EndsWith("/api/structure", StringComparison.Ordinal));
        await page.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        Assert.Equal(("dark blue", "green"), (await page.PaintAtAsync(3, 2), await page.PaintAtAsync(3, 5)));
        Assert.Contains("equal parts", await page.Page.Locator(".used-figure .note").TextContentAsync(), StringComparison.Ordinal);
        Assert.True(answer.Ok);

        int[][] used = await UsedAsync(page);
        await page.SetAsync("1", 1);
        await page.GenerateAsync();
        StoredImage stored = await page.SingleAsync();
        Assert.Equal(used, stored.Structure.Take(used.Length));
        // The river has a part of its own, exactly where it was drawn.
        int[] last = used[^1];
        int river = last[(3 * 8) + 2];
        Assert.All(Enumerable.Range(0, 8), row => Assert.Equal(river, last[(row * 8) + 2]));
    }

    [ChromiumFact]
    public async Task Colours_OfRegions_AreSentAndFollowedUnlessOnlyRegionsCount()
    {
        using NvgModel land = await NvgModel.LoadAsync(StudioServer.ModelFolder("nvg-eurosat"));
        await using NvgServerHost host = await StudioServer.StartAsync(land);
        await using StudioPage page = await (await StudioPage.OpenAsync(studio, new Uri(host.Urls[0]))).ReadyAsync();
        ILocator follow = page.Page.GetByRole(AriaRole.Checkbox, new() { Name = "Follow the colours" });
        await Assertions.Expect(follow).ToBeCheckedAsync();
        await page.Button("Clear").ClickAsync();
        await page.Button("Dark blue").ClickAsync();
        await page.DragAsync((0, 4), (7, 4));
        await page.SetAsync("1", 1);
        JsonElement drawn = await SentAsync(page);
        Assert.Equal("drawing", drawn.GetProperty("kind").GetString());
        RgbImage sent = ImageFile.Decode(Convert.FromBase64String(drawn.GetProperty("images")[0].GetString()!), "sent");
        // The middle of a position of the river, and one of the land: the colours of the palette.
        Assert.Equal((0, 50, 110), Pixel(sent, (3 * sent.Height / 8) + 2, (4 * sent.Width / 8) + 2));
        Assert.Equal((0, 158, 115), Pixel(sent, 2, 2));

        // The choice is kept by keys and over a reload, and the drawing with it.
        await follow.FocusAsync();
        await page.Page.Keyboard.PressAsync("Space");
        await Assertions.Expect(page.Page.GetByText("The colours only distinguish regions.")).ToBeVisibleAsync();
        await page.Page.ReloadAsync();
        await page.ReadyAsync();
        await Assertions.Expect(follow).Not.ToBeCheckedAsync();
        Assert.Equal(("dark blue", "green"), (await page.PaintAtAsync(3, 4), await page.PaintAtAsync(3, 0)));
        JsonElement regions = await SentAsync(page);
        Assert.Equal("labels", regions.GetProperty("kind").GetString());
        Assert.False(regions.TryGetProperty("images", out _));

        IReadOnlyList<StoredImage> stored = await page.GalleryAsync();
        Assert.Equal(["1", "1"], stored.Select(image => image.Seed));
        Assert.NotEqual(stored[0].Image, stored[1].Image);
        // Newest first. What was painted dark is darker than the rest where the colours are followed.
        Assert.InRange(LandOverRiver(stored[1]), Math.Max(10, LandOverRiver(stored[0]) + 1), 255);
    }

    [ChromiumFact]
    public async Task Clear_OfColouredRegions_LeavesNothingToFollow()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.Button("Clear").ClickAsync();
        await Assertions.Expect(page.Page.Locator(".used-figure .note")).ToContainTextAsync("no effect");
        await page.Page.Keyboard.PressAsync("Control+z");
        await Assertions.Expect(page.Page.Locator(".used-figure .note")).ToContainTextAsync("4 equal parts");
        await page.Page.Keyboard.PressAsync("Control+y");
        await Assertions.Expect(page.Page.Locator(".used-figure .note")).ToContainTextAsync("no effect");
    }

    [ChromiumFact]
    public async Task Undo_AfterAStroke_BringsTheDrawingBack()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.UseStructureAsync("Halves");
        await page.Button("Clear").ClickAsync();
        await page.DragAsync((1, 1), (1, 6));
        Assert.Equal("subject", await page.PaintAtAsync(1, 4));
        await page.Page.Keyboard.PressAsync("Control+z");
        Assert.Equal("background", await page.PaintAtAsync(1, 4));
        await page.Page.Keyboard.PressAsync("Control+Shift+Z");
        Assert.Equal("subject", await page.PaintAtAsync(1, 4));

        await page.Page.Keyboard.PressAsync("e");
        await page.DragAsync((1, 4), (1, 4));
        Assert.Equal(("background", "subject"), (await page.PaintAtAsync(1, 4), await page.PaintAtAsync(1, 1)));
        await page.Page.Keyboard.PressAsync("b");
        await page.Page.Keyboard.PressAsync("f");
        await page.DragAsync((6, 6), (6, 6));
        Assert.Equal("subject", await page.PaintAtAsync(7, 0));
    }

    [ChromiumFact]
    public async Task Finger_OverTheDrawing_PaintsAndDoesNotScroll()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio, StudioPage.Phone)).ReadyAsync();
        await page.UseStructureAsync("Halves");
        await page.Button("Clear").ClickAsync();
        await page.Page.Locator(".painter").EvaluateAsync("node => node.scrollIntoView({ block: 'center' })");
        double before = await page.Page.EvaluateAsync<double>("scrollY");
        ICDPSession touch = await page.Page.Context.NewCDPSessionAsync(page.Page);
        await TouchAsync(touch, "touchStart", await page.PointAsync(1, 3));
        for (int row = 2; row < 7; row++)
            await TouchAsync(touch, "touchMove", await page.PointAsync(row, 3));
        await TouchAsync(touch, "touchEnd", null);

        await Assertions.Expect(page.Page.Locator(".cell[aria-label='Row 6, column 4: subject']")).ToBeAttachedAsync();
        Assert.Equal(("subject", "background"), (await page.PaintAtAsync(2, 3), await page.PaintAtAsync(2, 6)));
        Assert.Equal(before, await page.Page.EvaluateAsync<double>("scrollY"));
    }

    [ChromiumFact]
    public async Task Keys_OnTheGrid_PaintPositions()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.Button("Clear").ClickAsync();
        await page.Page.Locator(".cell[tabindex='0']").FocusAsync();
        await page.Page.Keyboard.PressAsync("ArrowDown");
        await page.Page.Keyboard.PressAsync("ArrowRight");
        await page.Page.Keyboard.PressAsync("3");
        await page.Page.Keyboard.PressAsync("Space");
        await page.Page.Keyboard.PressAsync("Shift+ArrowRight");
        await page.Page.Keyboard.PressAsync("ArrowRight");
        Assert.Equal(
            ("orange", "orange", "green"), (await page.PaintAtAsync(1, 1), await page.PaintAtAsync(1, 2), await page.PaintAtAsync(1, 3)));
        Assert.Equal("Row 2, column 4: green", await page.Page.EvaluateAsync<string>("document.activeElement.getAttribute('aria-label')"));
        await page.Page.Keyboard.PressAsync("Control+z");
        Assert.Equal("green", await page.PaintAtAsync(1, 2));
    }

    [ChromiumFact]
    public async Task Halves_ThatAreNotEqual_AreShownWithWhatMoved()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.UseStructureAsync("Halves");
        await page.Button("Clear").ClickAsync();
        await page.Page.Locator(".cell[tabindex='0']").FocusAsync();
        await page.Page.Keyboard.PressAsync("Space");
        // One position of 64 was painted: 31 more had to join it.
        await Assertions.Expect(page.Page.Locator(".used-figure .note")).ToContainTextAsync("31 of 64 positions");
    }

    /// <summary>Generates, and gives the structure that the page has sent.</summary>
    private static async Task<JsonElement> SentAsync(StudioPage page)
    {
        IRequest request = await page.Page.RunAndWaitForRequestAsync(
            () => page.GenerateAsync(),
            request => request.Method == "POST" && request.Url.EndsWith("/api/jobs", StringComparison.Ordinal));
        return request.PostDataJSON()!.Value.GetProperty("structure");
    }

    private static (int Red, int Green, int Blue) Pixel(RgbImage image, int row, int column)
    {
        ReadOnlySpan<byte> pixel = image.Row(row).Slice(column * RgbImage.Channels, RgbImage.Channels);
        return (pixel[0], pixel[1], pixel[2]);
    }

    /// <summary>By how much the image is brighter outside the fifth of eight columns than in it.</summary>
    private static double LandOverRiver(StoredImage stored)
    {
        RgbImage image = ImageFile.Decode(stored.ImageBytes, "stored");
        ILookup<bool, double> brightness = Enumerable.Range(0, image.Width * image.Height).ToLookup(
            at => at % image.Width * 8 / image.Width == 4,
            at => Enumerable.Range(0, RgbImage.Channels).Average(channel => image.Pixels[(at * RgbImage.Channels) + channel]));
        return brightness[false].Average() - brightness[true].Average();
    }

    private static async Task<int[][]> UsedAsync(StudioPage page)
    {
        JsonElement? used = await page.Page.EvaluateAsync("""
            async () => {
              const { loadDraft } = await import(new URL('store/draft.js', document.baseURI));
              const { structureRequest } = await import(new URL('recipe/request.js', document.baseURI));
              const { api } = await import(new URL('api.js', document.baseURI));
              const recipe = loadDraft();
              const answer = await api.structure(recipe.model, structureRequest(recipe.structure), AbortSignal.timeout(60000));
              return answer.stages.map(stage => stage.used);
            }
            """);
        return used!.Value.Deserialize<int[][]>()!;
    }

    private static async Task TouchAsync(ICDPSession session, string type, (float X, float Y)? at) => await session.SendAsync(
        "Input.dispatchTouchEvent",
        new() { ["type"] = type, ["touchPoints"] = at is { } point ? new[] { new { x = point.X, y = point.Y } } : Array.Empty<object>() });
}
