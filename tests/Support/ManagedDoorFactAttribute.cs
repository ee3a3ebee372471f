using Nvg.Torch;

namespace Nvg.Testing;

/// <summary>A test of the managed door, which is skipped where the tests run with the compiled one.</summary>
public sealed class ManagedDoorFactAttribute : FactAttribute
{
    /// <summary>Decides by the door that the environment asks for.</summary>
    public ManagedDoorFactAttribute()
    {
        if (TorchRuntime.Door != TorchDoor.Managed)
            Skip = "tests the managed door: build/test-managed.sh runs it";
    }
}
