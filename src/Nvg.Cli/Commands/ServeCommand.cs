using System.CommandLine;
using System.Net.Sockets;
using Nvg.Cli.Arguments;
using Nvg.Cli.Serving;
using Nvg.Cli.Terminal;
using Nvg.Server;
using Nvg.Server.Hosting;
using Nvg.Torch;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg serve</c>: serves models over HTTP, with a page to draw on.</summary>
internal sealed class ServeCommand
{
    private readonly Option<string[]> _model = new("--model")
    {
        Description = $"Model folders, or names of shipped models; the first is the default. Without it {ModelFolder.Variable} or "
            + ModelFolder.ShippedName,
        HelpName = "DIR[,DIR…]",
    };

    private readonly Option<string> _urls = new("--urls")
    {
        Description = "Addresses to listen on; port 0 takes a free one. Beyond this machine a key is needed",
        HelpName = "URL[;URL…]",
        DefaultValueFactory = _ => NvgHostOptions.DefaultUrl,
    };

    private readonly Option<int?> _port = new("--port")
    {
        Description = "Listen on a port on this machine only: short for --urls http://127.0.0.1:N",
        HelpName = "N",
    };

    private readonly Option<string?> _keyFile = new("--key-file")
    {
        Description = "File with the keys of clients, one a line; # begins a comment",
        HelpName = "FILE",
    };

    private readonly Option<bool> _withoutKey = new("--without-key")
    {
        Description = "Listen beyond this machine without a key, so that anyone who can reach it can generate; needs --hosts",
    };

    private readonly Option<string?> _hosts = new("--hosts")
    {
        Description = "Names by which clients may call the server, or '*'. Without a key localhost by default",
        HelpName = "NAME[,…]",
    };

    private readonly Option<int?> _batch = new("--batch")
    {
        Description = "Images that are always computed together (default: 1 on CPU, 16 on GPU). An incomplete batch is filled, so load "
            + "never changes an image",
        HelpName = "N",
    };

    private readonly Option<int> _queue = new("--queue")
    {
        Description = "Maximum number of waiting images; more are rejected. One client may use half of them",
        HelpName = "N",
        DefaultValueFactory = _ => DefaultQueue,
    };

    private readonly Option<int> _drain = new("--drain")
    {
        Description = "Seconds that accepted work may take to finish after SIGTERM",
        HelpName = "S",
        DefaultValueFactory = _ => DefaultDrain,
    };

    private readonly Option<bool> _aliases = new("--model-aliases")
    {
        Description = "Let dall-e-… and gpt-image-… mean the default model, for clients whose model name is fixed",
    };

    private readonly Option<bool> _automatic1111 =
        new("--sdapi") { Description = "Also serve the part of AUTOMATIC1111's API that chat front ends use" };
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<ScalarType?> _type = CommonOptions.DataType();
    private readonly Option<int> _threads = CommonOptions.Threads();

    private const int DefaultQueue = 256, DefaultDrain = 30;

    internal static Command Create()
    {
        var arguments = new ServeCommand();
        Command command = new Command("serve", "Serve models over HTTP, with a web page for drawing")
            .With(arguments._model, arguments._urls, arguments._port, arguments._keyFile, arguments._withoutKey, arguments._hosts)
            .With(arguments._batch, arguments._queue, arguments._drain, arguments._aliases, arguments._automatic1111)
            .With(arguments._device, arguments._type, arguments._threads);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        NvgHostOptions options = Options(parsed);
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        NvgServerHost host;
        try
        {
            host = await NvgServerHost.StartAsync(options, cancellation: cancellation);
        }
        catch (ArgumentException error)
        {
            throw new UsageException(error.Message);
        }
        catch (SocketException error)
        {
            throw new IOException($"cannot listen on {string.Join(", ", options.Urls)}: {error.Message}", error);
        }

        await using (host)
        {
            ConsoleText.Print($"serving on {string.Join(", ", host.Urls)} (Ctrl-C stops)");
            await UntilAsync(cancellation);
            await host.StopAsync();
        }

        // A request to stop is the normal end of a server.
        return CommandRunner.Done;
    }

    private NvgHostOptions Options(ParseResult parsed)
    {
        if (parsed.GetValue(_queue) < 1 || parsed.GetValue(_batch) < 1 || parsed.GetValue(_drain) < 0)
            throw new UsageException("--queue and --batch must be at least 1, --drain at least 0");
        var options = new NvgHostOptions
        {
            Urls = Urls(parsed),
            Hosts = parsed.GetValue(_hosts)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
            AllowsNetworkWithoutKey = parsed.GetValue(_withoutKey),
        };
        NvgServerOptions server = options.Server;
        foreach (string folder in Models(parsed))
            server.ModelFolders.Add(folder);
        if (parsed.GetValue(_keyFile) is { } file)
        {
            foreach (string key in KeyFile.Read(file))
                server.Keys.Add(key);
        }

        (server.Device, server.Type) = (parsed.GetValue(_device), parsed.GetDataType(_type));
        (server.Threads, server.BatchSize) = (parsed.GetValue(_threads), parsed.GetValue(_batch));
        (server.QueueLimit, server.QueueLimitPerClient) = (parsed.GetValue(_queue), Math.Max(1, parsed.GetValue(_queue) / 2));
        server.DrainTime = TimeSpan.FromSeconds(parsed.GetValue(_drain));
        (server.ModelAliases, server.Automatic1111) = (parsed.GetValue(_aliases), parsed.GetValue(_automatic1111));
        return options;
    }

    private string[] Urls(ParseResult parsed)
    {
        if (parsed.GetValue(_port) is not { } port)
            return parsed.GetRequiredValue(_urls).Split([';', ','], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parsed.IsGiven(_urls))
            throw new UsageException("--port and --urls cannot be combined");
        return port is >= 0 and <= ushort.MaxValue
            ? [$"http://127.0.0.1:{port}"]
            : throw new UsageException($"--port must be between 0 and {ushort.MaxValue}, not {port}");
    }

    private IEnumerable<string> Models(ParseResult parsed)
    {
        string[] named = [.. (parsed.GetValue(_model) ?? []).SelectMany(
            list => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        return named.Length == 0 ? [ModelFolder.Resolve(null)] : named.Select(ModelFolder.Locate);
    }

    private static async Task UntilAsync(CancellationToken cancellation)
    {
        var stopped = new TaskCompletionSource();
        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(_ => stopped.TrySetResult(), null);
        await stopped.Task;
    }
}
