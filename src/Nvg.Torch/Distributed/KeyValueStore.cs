using System.Text;
using Nvg.Torch.Interop;

namespace Nvg.Torch.Distributed;

/// <summary>
/// Small values shared by all processes of a group, using c10d's TCP store. One process is the server; every process is a client.
/// A client may be used by one thread at a time, and waits forever for a server that is suspended.
/// </summary>
public sealed unsafe class KeyValueStore : IDisposable
{
    private const int UsualLength = 4096;

    /// <summary>Starts a store server or connects to one.</summary>
    /// <param name="host">Host of the server process.</param>
    /// <param name="port">Port of the server.</param>
    /// <param name="isServer">Whether this process is the server.</param>
    /// <param name="timeout">How long to wait for the server, and in <see cref="Get"/> for a key.</param>
    /// <exception cref="TorchException">
    /// No server was found within the timeout, the port is in use, or this build has no process groups.
    /// </exception>
    public KeyValueStore(string host, int port, bool isServer, TimeSpan timeout)
    {
        nint handle;
        Native.Check(Native.nvgt_store_new(host, port, isServer ? (byte)1 : (byte)0, (long)timeout.TotalMilliseconds, &handle), "store");
        Handle = new StoreHandle(handle);
    }

    internal StoreHandle Handle { get; }

    /// <summary>Sets a value.</summary>
    public void Set(string key, string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        fixed (byte* first = bytes)
            Native.Check(Native.nvgt_store_set(Handle, key, first, bytes.Length), "store");
    }

    /// <summary>The value of a key; waits until some process has set it.</summary>
    /// <exception cref="TorchException">No process set the key within the store's timeout, or the server exited.</exception>
    public string Get(string key)
    {
        byte[] bytes = new byte[UsualLength];
        long length = Read(key, bytes);
        if (length > bytes.Length)
        {
            bytes = new byte[length];
            length = Math.Min(length, Read(key, bytes));
        }

        return Encoding.UTF8.GetString(bytes, 0, (int)length);
    }

    /// <summary>Whether a key has been set.</summary>
    public bool Has(string key)
    {
        byte found;
        Native.Check(Native.nvgt_store_has(Handle, key, &found), "store");
        return found != 0;
    }

    /// <summary>Adds to a counter, which starts at 0.</summary>
    /// <returns>The counter's new value.</returns>
    public long Add(string key, long amount)
    {
        long sum;
        Native.Check(Native.nvgt_store_add(Handle, key, amount, &sum), "store");
        return sum;
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    private long Read(string key, byte[] bytes)
    {
        long length;
        fixed (byte* first = bytes)
            Native.Check(Native.nvgt_store_get(Handle, key, first, bytes.Length, &length), "store");
        return length;
    }
}
