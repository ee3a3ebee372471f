namespace Nvg.Torch;

/// <summary>Work that was captured once and can be replayed. It reads and writes the tensors of the capture.</summary>
internal interface ICapturedWork : IDisposable
{
    /// <summary>The result of the captured work; every replay overwrites it.</summary>
    Tensor Result { get; }

    /// <summary>Launches the work on the current stream of its device; may return before the work is complete.</summary>
    void Replay();
}
