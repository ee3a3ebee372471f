using System.Reflection;
using Nvg.Torch;
using Xunit.Sdk;

namespace Nvg.Testing;

/// <summary>
/// Fails a test after which more, or fewer, tensors live than before. The count is the process's, so the class must be in
/// <see cref="RunsAlone"/>. With NVG_TRACK_TENSORS=1 the message shows where the tensors were created.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NoTensorLeaksAttribute : BeforeAfterTestAttribute
{
    private long _before;

    public override void Before(MethodInfo methodUnderTest)
    {
        Assert.True(
            CountsAlone(methodUnderTest.ReflectedType!),
            $"a class that counts tensors belongs to [Collection({nameof(RunsAlone)}.{nameof(RunsAlone.Name)})]");
        if (Environment.GetEnvironmentVariable("NVG_TRACK_TENSORS") == "1")
            Tensor.TrackAllocations();
        // What an earlier test dropped without disposing must not go while this one counts.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        _before = Tensor.LiveCount;
    }

    public override void After(MethodInfo methodUnderTest)
    {
        long left = Tensor.LiveCount - _before;
        Assert.True(left == 0, $"{left} tensors are left undisposed\n{string.Join("\n\n", Tensor.LiveAllocations)}");
    }

    private static bool CountsAlone(Type testClass) => testClass.GetCustomAttributesData().Any(attribute =>
        attribute.AttributeType == typeof(CollectionAttribute) && attribute.ConstructorArguments[0].Value is RunsAlone.Name);
}

/// <summary>Tests that run one at a time, after those that run beside each other: they count or time what the process does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RunsAlone
{
    public const string Name = "runs alone";
}
