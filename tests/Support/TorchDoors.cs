namespace Nvg.Testing;

/// <summary>
/// The trait of tests that only the compiled door passes: gradients, autocast, process groups, kernels. The others also pass with the
/// managed door, which <c>build/test-managed.sh</c> runs them with.
/// </summary>
internal static class TorchDoors
{
    internal const string Trait = "Door";
    internal const string Compiled = "compiled";
}
