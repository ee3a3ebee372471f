namespace Nvg.Torch.Distributed;

/// <summary>Backends for the collectives of a group.</summary>
public enum ProcessGroupBackend
{
    /// <summary>Gloo: TCP between CPUs.</summary>
    Gloo,

    /// <summary>NCCL: NVIDIA's library for communication between GPUs.</summary>
    Nccl,
}
