using Nvg.Torch;

namespace Nvg.Testing;

/// <summary>A test of the managed door, which is skipped if the tests run with the compiled door.</summary>
public sealed class ManagedDoorFactAttribute : FactAttribute
{
    /// <summary>Checks which door the environment requests.</summary>
    public ManagedDoorFactAttribute()
    {
        if (TorchRuntime.Door != TorchDoor.Managed)
            Skip = "tests the managed door: build/test-managed.sh runs it";
    }
}
