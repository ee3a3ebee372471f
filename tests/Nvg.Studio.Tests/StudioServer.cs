using Microsoft.Playwright;
using Nvg.Server;
using Nvg.Server.Hosting;

namespace Nvg.Studio.Tests;

/// <summary>A server with the shipped model on a free port, and a browser; both serve all tests, one after the other.</summary>
public sealed class StudioServer : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private NvgServerHost? _host;
    private NvgModel? _model;

    /// <summary>Where the page is.</summary>
    internal Uri Address => new(_host!.Urls[0]);

    /// <summary>The model that it serves.</summary>
    internal NvgModel Model => _model!;

    internal IBrowser Browser => _browser!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (Chromium.Program is null)
            return;
        _model = await NvgModel.LoadAsync(ModelFolder("nvg-cifar10"));
        _host = await StartAsync(_model);
        _playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(StudioPage.Patience);
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium.Program,
            // Chromium's sandbox refuses to start for root.
            Args = Environment.UserName == "root" ? ["--no-sandbox"] : [],
        });
    }

    /// <summary>Starts another server of the same model.</summary>
    internal static Task<NvgServerHost> StartAsync(NvgModel model, params string[] keys)
    {
        var options = new NvgHostOptions { Urls = ["http://127.0.0.1:0"] };
        options.Server.Models.Add(model);
        // The browser needs the other cores.
        options.Server.Threads = 1;
        foreach (string key in keys)
            options.Server.Keys.Add(key);
        return NvgServerHost.StartAsync(options);
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        if (_host is not null)
            await _host.DisposeAsync();
        _model?.Dispose();
    }

    /// <summary>The folder of a shipped model.</summary>
    internal static string ModelFolder(string name) => Path.Combine(Repository(), "models", name);

    /// <summary>The root of the repository.</summary>
    internal static string Repository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "nvg.slnx")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"no repository above {AppContext.BaseDirectory}");
    }
}

/// <summary>Tests that share the server and the browser, and so do not run at the same time.</summary>
[CollectionDefinition(Name)]
public sealed class SharedStudio : ICollectionFixture<StudioServer>
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "studio";
}
