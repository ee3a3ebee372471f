using System.Collections.Concurrent;
using Nvg.Torch;

namespace Nvg.Verification.Tests;

/// <summary>Reports of the shared fixtures, made once for all tests: the generation loop takes seconds.</summary>
internal static class ReferenceReports
{
    private static readonly ConcurrentDictionary<string, Lazy<FixtureReport>> Reports = new();

    internal static FixtureReport Of(string kind) => Reports.GetOrAdd(kind, k => new Lazy<FixtureReport>(
        () => FixtureVerification.RunFile(SharedMaterial.Path("fixtures", $"{k}.safetensors"), Device.Cpu))).Value;
}
