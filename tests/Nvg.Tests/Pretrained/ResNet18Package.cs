using System.Reflection;

namespace Nvg.Tests.Pretrained;

/// <summary>The NuGet package of ResNet-18, restored with this project.</summary>
internal static class ResNet18Package
{
    /// <summary>Folder of its files, which the build writes into the assembly.</summary>
    internal static string Folder { get; } = typeof(ResNet18Package).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "ResNet18Folder").Value!;
}
