using System.Collections.Concurrent;
using Nvg.Torch;
using Nvg.Verification.Checks;

namespace Nvg.Verification.Tests;

/// <summary>Reports of the reference fixtures, made once for all tests: the generation loop takes seconds.</summary>
internal static class ReferenceReports
{
    private static readonly ConcurrentDictionary<string, Lazy<FixtureReport>> Reports = new();

    internal static FixtureReport Of(string kind, string set = ReferenceFixtures.Repository) => Reports.GetOrAdd(
        ReferenceFixtures.Path($"{kind}.safetensors", set),
        path => new Lazy<FixtureReport>(() => FixtureVerification.RunFile(path, Device.Cpu))).Value;
}
