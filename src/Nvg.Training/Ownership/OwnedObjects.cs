namespace Nvg.Training.Ownership;

/// <summary>Disposable objects that belong to one owner. They are disposed in the reverse order of their creation.</summary>
internal sealed class OwnedObjects : IDisposable
{
    private readonly Stack<IDisposable> _objects = new();

    /// <summary>Takes ownership of an object and returns it.</summary>
    internal T Add<T>(T owned)
        where T : IDisposable
    {
        _objects.Push(owned);
        return owned;
    }

    /// <summary>
    /// Guards a constructor: unless <see cref="Construction.Complete"/> is called before the guard goes out of scope,
    /// everything that has been added is disposed.
    /// </summary>
    internal Construction Construct() => new(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_objects.TryPop(out IDisposable? owned))
            owned.Dispose();
    }

    /// <summary>A construction in progress; see <see cref="Construct"/>.</summary>
    internal ref struct Construction(OwnedObjects objects) : IDisposable
    {
        private bool _isComplete;

        /// <summary>Marks the owner as fully built.</summary>
        internal void Complete() => _isComplete = true;

        /// <summary>Disposes what was built if the construction did not complete.</summary>
        public readonly void Dispose()
        {
            if (!_isComplete)
                objects.Dispose();
        }
    }
}
