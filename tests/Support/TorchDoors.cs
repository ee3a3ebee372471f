namespace Nvg.Testing;

/// <summary>
/// The trait of tests that pass only with the compiled door: gradients, autocast, process groups, kernels. All other tests also
/// pass with the managed door; <c>build/test-managed.sh</c> runs them with it.
/// </summary>
internal static class TorchDoors
{
    internal const string Trait = "Door";
    internal const string Compiled = "compiled";
}
