namespace Nvg.Torch.Distributed;

/// <summary>What runs the collectives of a group.</summary>
public enum ProcessGroupBackend
{
    /// <summary>TCP between CPUs.</summary>
    Gloo,

    /// <summary>NVIDIA's library between GPUs.</summary>
    Nccl,
}
