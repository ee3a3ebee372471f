namespace Nvg.Torch;

/// <summary>Work that was captured once and can be repeated. It reads and writes the tensors of the capture.</summary>
internal interface ICapturedWork : IDisposable
{
    /// <summary>What the captured work returned; every replay overwrites it.</summary>
    Tensor Result { get; }

    /// <summary>Launches the work on the current stream of its device; may return before it is done.</summary>
    void Replay();
}
