using BenchmarkDotNet.Running;
using Nvg.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(BenchmarkSettings).Assembly).Run(args, BenchmarkSettings.Create());
