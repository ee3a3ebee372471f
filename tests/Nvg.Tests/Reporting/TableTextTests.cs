using Nvg.Reporting;

namespace Nvg.Tests.Reporting;

public class TableTextTests
{
    [Fact]
    public void Csv_AwkwardCells_AreQuoted() =>
        Assert.Equal("a,\"b,c\"\n\"say \"\"x\"\"\",\"1\n2\"\n", TableText.Csv(["a", "b,c"], [["say \"x\"", "1\n2"]]));

    [Fact]
    public void Markdown_AwkwardCells_StayInTheirCells() =>
        Assert.Equal("| a | b |\n| --- | ---: |\n| x\\|y | 1 2 |\n", TableText.Markdown(["a", "b"], [["x|y", "1\n2"]]));
}
