using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Nvg.Server.Tests;

/// <summary>Keeps the errors that a server logs, so that a test that fails can say why.</summary>
internal sealed class CapturedErrors : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _errors = new();

    public override string ToString() => string.Join('\n', _errors);

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            _errors.Enqueue($"{formatter(state, exception)} {exception}");
    }

    public void Dispose()
    {
    }
}
