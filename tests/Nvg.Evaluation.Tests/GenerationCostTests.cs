using Nvg.Evaluation.Studies;

namespace Nvg.Evaluation.Tests;

public class GenerationCostTests
{
    [Fact]
    public void StructureSeconds_WholeNoSlowerThanContent_IsNotMeasurable()
    {
        Assert.Equal(0.5, new GenerationCost(1, 1, 1.5, 2, null, null).StructureSeconds);
        Assert.Null(new GenerationCost(1, 1, 2, 1.9, null, null).StructureSeconds);
        Assert.Null(new GenerationCost(1, 1, 2, 2, null, null).StructureSeconds);
    }
}
