namespace Nvg.Torch.Distributed;

/// <summary>What carries the collectives of a group.</summary>
public enum ProcessGroupBackend
{
    /// <summary>TCP between processors.</summary>
    Gloo,

    /// <summary>NVIDIA's library between GPUs.</summary>
    Nccl,
}
