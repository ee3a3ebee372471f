using System.Net;
using Microsoft.AspNetCore.Http;

namespace Nvg.Server.Hosting;

/// <summary>Checks that the addresses of a server match the clients that may reach it.</summary>
internal static class ListeningCheck
{
    /// <summary>Returns the host names that the server accepts.</summary>
    /// <exception cref="ArgumentException">The server would be open to others without a key, or an address is invalid.</exception>
    internal static IReadOnlyList<string> Hosts(NvgHostOptions options)
    {
        if (options.Urls.Count == 0)
            throw new ArgumentException("no address to listen on");
        bool isLocal = options.Urls.All(IsLoopback), hasKeys = options.Server.Keys.Count > 0;
        if (!isLocal && !hasKeys && !options.AllowsNetworkWithoutKey)
        {
            string open = options.Urls.First(u => !IsLoopback(u));
            throw new ArgumentException(
                $"{open} can be reached from other machines, and no key is needed: give --key-file FILE, or --without-key to let "
                + "anyone generate");
        }

        return options.Hosts ?? (hasKeys ? [HostCheck.Any] : isLocal ? HostCheck.Loopback
            : throw new ArgumentException("a server without a key must know its names: give --hosts NAME[,…], or --hosts '*' for any"));
    }

    private static bool IsLoopback(string url)
    {
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(url);
        }
        catch (FormatException error)
        {
            throw new ArgumentException($"{url} is not an address to listen on: write http://127.0.0.1:5080", error);
        }

        return address.IsUnixPipe || address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(address.Host.Trim('[', ']'), out IPAddress? ip) && IPAddress.IsLoopback(ip));
    }
}
