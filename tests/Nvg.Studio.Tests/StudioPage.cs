using System.Text.Json;
using Microsoft.Playwright;

namespace Nvg.Studio.Tests;

/// <summary>The page in a browser profile of its own, with what a user does on it. Closing it fails on errors of the page.</summary>
internal sealed class StudioPage : IAsyncDisposable
{
    /// <summary>Milliseconds after which a test gives up; only a broken page or an overloaded machine takes as long.</summary>
    internal const float Patience = 240_000;

    private readonly IBrowserContext _context;

    private StudioPage(IBrowserContext context, IPage page)
    {
        _context = context;
        Page = page;
        page.Request += (_, request) => Requests.Add(request.Url);
        page.PageError += (_, error) => Problems.Add(error);
        page.Console += (_, message) =>
        {
            // A violation of the content security policy is one of these, too.
            if (message.Type is "error" or "warning")
                Problems.Add(message.Text);
        };
    }

    internal IPage Page { get; }

    /// <summary>URLs of everything that the page asked for.</summary>
    internal List<string> Requests { get; } = [];

    /// <summary>Errors of scripts, and errors and warnings of the console.</summary>
    internal List<string> Problems { get; } = [];

    internal static Task<StudioPage> OpenAsync(StudioServer studio, BrowserNewContextOptions? options = null) =>
        OpenAsync(studio, studio.Address, options);

    internal static async Task<StudioPage> OpenAsync(StudioServer studio, Uri address, BrowserNewContextOptions? options = null)
    {
        IBrowserContext context = await studio.Browser.NewContextAsync(
            options ?? new() { ViewportSize = new() { Width = 1280, Height = 900 } });
        context.SetDefaultTimeout(Patience);
        var page = new StudioPage(context, await context.NewPageAsync());
        await page.Page.GotoAsync(address.ToString());
        return page;
    }

    internal static BrowserNewContextOptions Phone => new()
    {
        ViewportSize = new() { Width = 390, Height = 844 },
        IsMobile = true,
        HasTouch = true,
        DeviceScaleFactor = 2,
    };

    internal async Task<StudioPage> ReadyAsync()
    {
        await Page.WaitForSelectorAsync("html[data-state=ready]");
        return this;
    }

    internal ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    internal async Task SetAsync(string seed, int count)
    {
        await Page.GetByRole(AriaRole.Spinbutton, new() { Name = "Images" }).FillAsync($"{count}");
        await Page.GetByLabel("Seed", new() { Exact = true }).FillAsync(seed);
    }

    internal async Task UseStructureAsync(string kind) =>
        await Page.GetByRole(AriaRole.Radio, new() { Name = kind, Exact = true }).CheckAsync();

    internal async Task StartAsync() => await Page.Locator(".go .primary").ClickAsync();

    /// <summary>Generates, and waits until all images are there.</summary>
    internal async Task GenerateAsync()
    {
        string before = await Page.EvaluateAsync<string>("new URL(location.href).searchParams.get('job') ?? ''");
        await StartAsync();
        await Page.WaitForFunctionAsync("before => ![null, before].includes(new URL(location.href).searchParams.get('job'))", before);
        await WaitForRunAsync("completed");
    }

    internal Task WaitForRunAsync(string state) => Page.WaitForSelectorAsync(
        $"#status[data-run={state}]", new() { State = WaitForSelectorState.Attached });

    /// <summary>The images that the browser has stored, newest first.</summary>
    internal async Task<IReadOnlyList<StoredImage>> GalleryAsync()
    {
        JsonElement? stored = await Page.EvaluateAsync("""
            async () => {
              const { gallery } = await import(new URL('store/gallery.js', document.baseURI));
              const base64 = async blob => blob && btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
              return Promise.all((await gallery.all()).map(async item => ({
                key: item.key, state: item.state, seed: item.seed, label: item.label,
                image: await base64(item.image), document: await base64(item.source),
                structure: item.stages.map(stage => stage.structure), previews: item.stages.filter(stage => stage.preview).length,
              })));
            }
            """);
        return stored!.Value.Deserialize<List<StoredImage>>(JsonSerializerOptions.Web)!;
    }

    /// <summary>The only image that the browser has stored.</summary>
    internal async Task<StoredImage> SingleAsync() => Assert.Single(await GalleryAsync());

    /// <summary>What is painted at a position, as screen readers are told.</summary>
    internal async Task<string> PaintAtAsync(int row, int column)
    {
        string? label = await Page.Locator($".cell[aria-label^='Row {row + 1}, column {column + 1}:']").GetAttributeAsync("aria-label");
        return label![(label!.IndexOf(':', StringComparison.Ordinal) + 2)..];
    }

    /// <summary>The middle of a position on the screen.</summary>
    internal async Task<(float X, float Y)> PointAsync(int row, int column)
    {
        LocatorBoundingBoxResult? box = await Page.Locator($".cell[aria-label^='Row {row + 1}, column {column + 1}:']").BoundingBoxAsync();
        return (box!.X + (box.Width / 2), box.Y + (box.Height / 2));
    }

    /// <summary>Draws a line with the mouse from the middle of a position to that of another.</summary>
    internal async Task DragAsync((int Row, int Column) from, (int Row, int Column) to)
    {
        await Page.Locator(".painter").ScrollIntoViewIfNeededAsync();
        (float x, float y) = await PointAsync(from.Row, from.Column);
        await Page.Mouse.MoveAsync(x, y);
        await Page.Mouse.DownAsync();
        (x, y) = await PointAsync(to.Row, to.Column);
        await Page.Mouse.MoveAsync(x, y, new() { Steps = 8 });
        await Page.Mouse.UpAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _context.CloseAsync();
        Assert.True(Problems.Count == 0, string.Join(Environment.NewLine, Problems));
    }
}
