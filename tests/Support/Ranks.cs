using System.Net;
using System.Net.Sockets;

namespace Nvg.Testing;

/// <summary>Several ranks of a process group, run as threads of this process.</summary>
public static class Ranks
{
    /// <summary>A port that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Runs work once per rank, each on its own thread. An exception in any of them fails the test.</summary>
    /// <returns>The results by rank.</returns>
    public static T[] Run<T>(int count, Func<int, T> work)
    {
        var results = new T[count];
        var errors = new Exception?[count];
        Thread[] threads = [.. Enumerable.Range(0, count).Select(rank => new Thread(() =>
        {
            try
            {
                results[rank] = work(rank);
            }
            catch (Exception error)
            {
                errors[rank] = error;
            }
        }) { IsBackground = true })];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            Assert.True(
                thread.Join(TimeSpan.FromMinutes(2)), $"a rank hangs; errors of others: {string.Join("; ", errors.OfType<Exception>())}");
        if (errors.OfType<Exception>().FirstOrDefault() is { } first)
            throw new AggregateException(first);
        return results;
    }
}
