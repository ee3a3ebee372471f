using System.Text.RegularExpressions;
using Nvg.Torch.Interop.Managed;

namespace Nvg.Torch.Tests.Interop.Managed;

/// <summary>The schemas of the managed door, and that they cover what inference calls.</summary>
public class OperatorTableTests
{
    // Called by training and on GPUs alone.
    private static readonly string[] OfTrainingAndGpus =
    [
        "_foreach_add_.List", "_foreach_add_.Scalar", "_foreach_addcdiv_.Scalar", "_foreach_addcmul_.Scalar", "_foreach_div_.Scalar",
        "_foreach_mul_.Scalar", "_foreach_norm.Scalar", "_fused_adamw_", "bernoulli_.float", "cat.out", "leaky_relu",
        "pin_memory", "softplus",
    ];

    [Fact]
    public void Table_EveryOperator_IsComposedOrCanBePassed()
    {
        Assert.True(OperatorTable.Names.Count() > 100);
        Assert.All(OperatorTable.Names.Except(ScalarOperators.Names), name => Assert.Equal(name, OperatorTable.Find(name)!.Name));
        Assert.All(ScalarOperators.Names, name => Assert.Matches("Scalar|Generator", OperatorTable.TextOf(name)));
    }

    [Fact]
    public void Table_EveryOperatorOfTheSources_IsListedOrOfTraining()
    {
        string[] used = [.. Repository.SourceFiles("src", ".cs")
            .SelectMany(path => Regex.Matches(File.ReadAllText(path), "new\\(\"aten::(\\w+)\"(?:, \"(\\w+)\")?\\)"))
            .Select(m => m.Groups[2].Length == 0 ? m.Groups[1].Value : $"{m.Groups[1].Value}.{m.Groups[2].Value}").Distinct()];
        Assert.True(used.Length > 100);
        // "_foreach_sqrt" has no Scalar, and is in the table of no use.
        Assert.Equal(OfTrainingAndGpus.Append("_foreach_sqrt").Order(), used.Except(OperatorTable.Names).Order());
    }

    [Fact]
    public void Parse_OptionalsListsAndDefaults_AreRead()
    {
        OperatorSchema schema = OperatorSchema.Parse(
            "f.o(Tensor(a -> *) self, Tensor?[] rows, int[2] step=1, int[1]? dim=None, *, str mode='x', float? eps=1e-05, bool on=True, "
            + "MemoryFormat form=contiguous_format) -> (Tensor(a)[], bool flag)");
        Assert.Equal("f.o", schema.Name);
        Assert.Equal(["self", "rows", "step", "dim", "mode", "eps", "on", "form"], schema.Parameters.Select(p => p.Name));
        Assert.Equal(new ParameterType(BaseType.Tensor, true, 0, false, true), schema.Parameters[1].Type);
        Assert.Equal(new ParameterType(BaseType.Int, true, 1, true, false), schema.Parameters[3].Type);
        Assert.Null(schema.Parameters[0].Default);
        Assert.Equal([1L, 1], Assert.IsType<long[]>(schema.Parameters[2].Default));
        Assert.Same(OperatorSchema.NoValue, schema.Parameters[3].Default);
        Assert.Equal(["x", 1e-5, true, 0L], schema.Parameters[4..].Select(p => p.Default));
        Assert.Equal([true, false], schema.Results.Select(r => r.IsList));
        Assert.Equal(BaseType.Bool, schema.Results[1].Base);
    }

    [Theory]
    [InlineData("f(Scalar x) -> Tensor")]
    [InlineData("f(Tensor x) -> Storage")]
    public void Parse_TypeThatIsNotPassed_Throws(string text) => Assert.Throws<FormatException>(() => OperatorSchema.Parse(text));
}
