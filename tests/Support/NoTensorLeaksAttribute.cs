using System.Reflection;
using Nvg.Torch;
using Xunit.Sdk;

namespace Nvg.Testing;

/// <summary>
/// Fails a test if the number of live tensors after it differs from the number before. The count covers the whole process, so the
/// class must be in <see cref="RunsAlone"/>. With NVG_TRACK_TENSORS=1, the message shows where the tensors were created.
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
        // Tensors that an earlier test did not dispose must not be finalised while this test counts.
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

/// <summary>Tests that run one at a time, after the parallel tests, because they count or time the work of the whole process.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RunsAlone
{
    public const string Name = "runs alone";
}
