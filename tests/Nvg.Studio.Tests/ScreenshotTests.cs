using Microsoft.Playwright;
using Nvg.Server.Hosting;

namespace Nvg.Studio.Tests;

/// <summary>The images of <c>docs/studio.md</c>: made anew with <c>NVG_RECORD_STUDIO=1</c>, and otherwise left as they are.</summary>
[Collection(SharedStudio.Name)]
public sealed class ScreenshotTests(StudioServer studio) : IAsyncLifetime
{
    private static readonly BrowserNewContextOptions Desk = new() { ViewportSize = new() { Width = 1280, Height = 1000 } };

    private NvgModel? _model;
    private NvgServerHost? _host;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (!RecordFactAttribute.IsAsked)
            return;
        _model = await NvgModel.LoadAsync(StudioServer.ModelFolder("nvg-eurosat"));
        _host = await StudioServer.StartAsync(_model);
    }

    [RecordFact]
    public async Task Light_StageThreeOfARiver()
    {
        await using StudioPage page = await OpenAsync(Desk);
        await GenerateAsync(page, "1-4");
        await page.Page.Locator(".tile input").Nth(2).CheckAsync();
        await SaveAsync(page, "light");
    }

    [RecordFact]
    public async Task Dark_ARegionAgain()
    {
        await using StudioPage page = await OpenAsync(new() { ViewportSize = Desk.ViewportSize, ColorScheme = ColorScheme.Dark });
        await GenerateAsync(page, "7");
        await page.Button("Regenerate a region").ClickAsync();
        await page.DragAsync((1, 2), (3, 3));
        await page.DragAsync((3, 3), (4, 6));
        await page.SetAsync("31", 3);
        await page.GenerateAsync();
        await SaveAsync(page, "dark");
    }

    [RecordFact]
    public async Task Compare_TwoTemperatures()
    {
        await using StudioPage page = await OpenAsync(Desk);
        await GenerateAsync(page, "1-4");
        await page.Button("Compare").ClickAsync();
        await page.Page.Locator("summary").ClickAsync();
        await page.Page.GetByLabel("Temperature").FillAsync("0.3");
        await page.Page.GetByLabel("Temperature").PressAsync("Tab");
        await page.Page.Locator("summary").ClickAsync();
        await page.GenerateAsync();
        await SaveAsync(page, "compare");
    }

    [RecordFact]
    public async Task Phone_ARiver()
    {
        await using StudioPage page = await OpenAsync(StudioPage.Phone);
        await GenerateAsync(page, "3-6");
        await SaveAsync(page, "phone");
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        _model?.Dispose();
    }

    private async Task<StudioPage> OpenAsync(BrowserNewContextOptions options) =>
        await (await StudioPage.OpenAsync(studio, new Uri(_host!.Urls[0]), options)).ReadyAsync();

    private static async Task GenerateAsync(StudioPage page, string seeds)
    {
        await page.Page.GetByLabel("Seed", new() { Exact = true }).FillAsync(seeds);
        if (await page.Page.GetByRole(AriaRole.Spinbutton, new() { Name = "Images" }).IsEnabledAsync())
            await page.SetAsync(seeds, 1);
        await page.GenerateAsync();
    }

    private static async Task SaveAsync(StudioPage page, string name)
    {
        await page.Page.Mouse.MoveAsync(0, 0);
        await page.Page.EvaluateAsync("() => { document.activeElement?.blur(); scrollTo(0, 0); }");
        // Messages go away on their own.
        await Assertions.Expect(page.Page.Locator(".toast")).ToHaveCountAsync(0);
        string folder = Path.Combine(StudioServer.Repository(), "docs", "images", "studio");
        await page.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, name + ".png"), Animations = ScreenshotAnimations.Disabled });
    }
}
