using System.Diagnostics;

namespace Nvg.Cli.Tests.Launching;

/// <summary>Which door <c>./nvg</c> chooses (<c>build/prepare.sh</c>).</summary>
public class LauncherTests
{
    [Theory]
    [InlineData("missing=()", "true", "", "compiled")]
    [InlineData("missing=(g++)", "true", "", "compiled")]
    [InlineData("missing=(g++)", "false", "", "managed")]
    [InlineData("missing=(g++)", "false", "NVG_DOOR=compiled", "compiled")]
    [InlineData("missing=()", "true", "NVG_DOOR=managed", "managed")]
    [InlineData("missing=(g++)", "false", "NVG_NATIVE=/some/libnvg_torch.so", "compiled")]
    [InlineData("missing=(g++)", "false", "LIBTORCH=/some/libtorch", "compiled")]
    public async Task NeedsManagedDoor_IsWhatCannotBeInstalled(string found, string canInstall, string variable, string expected)
    {
        string script = $$"""
            unset NVG_DOOR NVG_NATIVE LIBTORCH
            {{variable}}
            root='{{Repository.PathOf("")}}'
            source "$root/build/prepare.sh"
            list_missing_packages() { {{found}}; }
            can_install() { {{canInstall}}; }
            needs_managed_door && echo managed || echo compiled
            """;
        Assert.Equal($"{expected}\n", await BashAsync(script));
    }

    [Fact]
    public async Task Inputs_OfTheManagedDoor_NeedNoLibtorch()
    {
        string script = $"""
            root='{Repository.PathOf("")}'
            source "$root/build/prepare.sh"
            torch_include=/none
            use_managed_door
            list_inputs | grep -c '^src/Nvg.Cli/Program.cs '
            list_inputs >/dev/null && echo complete
            """;
        Assert.Equal("1\ncomplete\n", await BashAsync(script));
    }

    // What a script prints; it must succeed.
    private static async Task<string> BashAsync(string script)
    {
        using Process bash = Process.Start(new ProcessStartInfo("bash", ["-euc", script]) { RedirectStandardOutput = true })!;
        string output = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        Assert.Equal(0, bash.ExitCode);
        return output;
    }
}
