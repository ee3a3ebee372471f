using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Nvg.Studio.Tests;

[Collection(SharedStudio.Name)]
public sealed class AccessibilityTests(StudioServer studio)
{
    [ChromiumFact]
    public async Task Axe_LightAndDarkAndPhone_FindsNothing()
    {
        foreach (ColorScheme scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            BrowserNewContextOptions options = StudioPage.Phone;
            options.ColorScheme = scheme;
            await using StudioPage page = await (await StudioPage.OpenAsync(studio, options)).ReadyAsync();
            await CheckAsync(page, $"start, {scheme}");
            await page.Page.Locator("summary").ClickAsync();
            await page.Page.GetByRole(AriaRole.Combobox, new() { Name = "Class" }).ClickAsync();
            await CheckAsync(page, $"open list and settings, {scheme}");
        }
    }

    [ChromiumFact]
    public async Task Axe_WithImagesMaskAndComparison_FindsNothing()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.SetAsync("1", 2);
        await page.GenerateAsync();
        await CheckAsync(page, "result");
        await page.Button("Regenerate a region").ClickAsync();
        await page.Page.Locator(".mask").WaitForAsync();
        await CheckAsync(page, "mask");
        await page.Button("Stop continuing").ClickAsync();
        await page.Button("Compare").ClickAsync();
        await page.Page.Locator(".entry").Last.ClickAsync();
        await CheckAsync(page, "comparison");
        await page.Button("Keys (?)").ClickAsync();
        await CheckAsync(page, "keys");
    }

    [ChromiumFact]
    public async Task Keys_QuestionMark_OpensTheListAndEscapeClosesIt()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio)).ReadyAsync();
        await page.Page.Keyboard.PressAsync("?");
        ILocator dialog = page.Page.GetByRole(AriaRole.Dialog, new() { Name = "Keys" });
        await Assertions.Expect(dialog).ToBeVisibleAsync();
        await page.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(dialog).ToBeHiddenAsync();
    }

    [ChromiumFact]
    public async Task Phone_WholePage_FitsTheWidth()
    {
        await using StudioPage page = await (await StudioPage.OpenAsync(studio, StudioPage.Phone)).ReadyAsync();
        await page.SetAsync("1", 1);
        await page.GenerateAsync();
        Assert.Equal(390, await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    private static async Task CheckAsync(StudioPage page, string state)
    {
        AxeResult result = await page.Page.RunAxe();
        Assert.True(
            result.Violations.Length == 0,
            state + ": " + string.Join("; ", result.Violations.Select(v => $"{v.Id} at {string.Join(", ", v.Nodes.Select(n => n.Html))}")));
    }
}
