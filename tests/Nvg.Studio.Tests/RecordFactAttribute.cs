namespace Nvg.Studio.Tests;

/// <summary>A fact that makes files of the documentation anew, where <c>NVG_RECORD_STUDIO=1</c> asks for it beside the tests.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RecordFactAttribute : ChromiumFactAttribute
{
    public RecordFactAttribute()
    {
        if (!IsAsked)
            Skip ??= "set NVG_RECORD_STUDIO=1 to make the screenshots anew";
    }

    internal static bool IsAsked => Environment.GetEnvironmentVariable("NVG_RECORD_STUDIO") == "1";
}
