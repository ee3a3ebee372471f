using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Nvg.Benchmarks;

/// <summary>Settings of all benchmarks. Options of BenchmarkDotNet such as <c>--iterationCount</c> override them.</summary>
internal static class BenchmarkSettings
{
    /// <summary>
    /// The default configuration with a short job: one warm-up and three measured iterations. Benchmarks run within this process,
    /// because the projects that BenchmarkDotNet generates would not find the native library.
    /// </summary>
    internal static IConfig Create() => DefaultConfig.Instance.AddJob(
        Job.ShortRun.WithWarmupCount(1).WithToolchain(InProcessEmitToolchain.Instance).WithId("Short").AsDefault());
}
