using Nvg.Torch;
using Nvg.Training.Planning.Execution;
using Nvg.Training.Planning.Facts;

namespace Nvg.Training.Tests.Planning;

public class RateMeasurementTests
{
    [Fact]
    public void Run_TinyPlan_MeasuresEveryNetworkAndLeavesNothingBehind()
    {
        int before = Directory.GetDirectories(Path.GetTempPath(), "nvg-rates-*").Length;
        StageRates rates = RateMeasurement.Run(TinyPlan.Create("tiny", "images", 6), Device.Cpu);
        Assert.True(rates.IsMeasured);
        Assert.All([rates.Tokenizer, rates.Classifier, rates.Generator, rates.Encoding, rates.Sampling], rate =>
            Assert.True(double.IsFinite(rate) && rate > 0, $"{rates}"));
        Assert.Equal(before, Directory.GetDirectories(Path.GetTempPath(), "nvg-rates-*").Length);
    }
}
