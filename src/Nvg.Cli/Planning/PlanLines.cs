using System.Globalization;
using Nvg.Cli.Terminal;
using Nvg.Training.Planning;
using Nvg.Training.Planning.Facts;

namespace Nvg.Cli.Planning;

/// <summary>A plan as lines of text.</summary>
internal static class PlanLines
{
    private const int NameWidth = 17, WidestLine = 110, UnknownWidth = 100;

    /// <summary>Width of the lines: the width of the terminal, if there is one.</summary>
    /// <param name="onOutput">Whether the lines go to standard output rather than standard error.</param>
    internal static int Width(bool onOutput)
    {
        bool isPiped = onOutput ? Console.IsOutputRedirected : Console.IsErrorRedirected;
        try
        {
            return isPiped ? UnknownWidth : Math.Clamp(Console.WindowWidth - 1, NameWidth * 3, WidestLine);
        }
        catch (IOException)
        {
            return UnknownWidth;
        }
    }

    /// <summary>The lines of a plan, wrapped to a width.</summary>
    internal static IEnumerable<string> Of(TrainingPlan plan, int width)
    {
        yield return Title(plan);
        foreach (string line in Unusable(plan.Data).SelectMany(text => Wrapped("", text, width, indent: 2)))
            yield return line;
        foreach (PlanChoice choice in plan.Choices)
        {
            foreach (string line in Wrapped(choice.Name, $"{choice.Value}: {choice.Reason}", width))
                yield return line;
        }

        yield return "";
        yield return plan.Rates.IsMeasured ? "Time, by rates measured with these networks:" : "Time, by estimated rates:";
        foreach (PlannedStage stage in plan.Stages)
            yield return $"  {stage.Name,-NameWidth}{PlanText.Time(stage.Seconds),10}   {Details(stage, plan.Rates)}".TrimEnd();
        yield return $"  {"together",-NameWidth}{PlanText.Time(plan.Seconds),10}";
        yield return "";
        foreach (string sentence in plan.Expectations)
        {
            foreach (string line in Wrapped("", sentence, width, indent: 2))
                yield return line;
        }
    }

    /// <summary>The classes of a plan in words: <c>of 3 classes</c> or <c>without classes</c>.</summary>
    internal static string Classes(TrainingPlan plan) => plan.IgnoresClasses || plan.Data.Classes.Count == 1
        ? "without classes"
        : $"of {ConsoleText.Count(plan.Data.Classes.Count, "class")}";

    private static string Title(TrainingPlan plan)
    {
        MachineFacts machine = plan.Machine;
        string threads = machine.IsGpu ? "" : $", {ConsoleText.Count(machine.Threads, "thread")}";
        string rate = string.Create(
            CultureInfo.InvariantCulture,
            $"{machine.MatrixRate / 1e9:N0} GFLOP/s, {machine.MemoryBytes / (double)(1L << 30):F0} GiB of memory");
        return $"Plan for {plan.Data.Source}: {ConsoleText.Count(plan.Data.Images, "image")} {Classes(plan)}, "
            + $"on {machine.Device}{threads} ({rate})";
    }

    private static IEnumerable<string> Unusable(DataFacts data) => data.UnusableFiles switch
    {
        0 => [],
        1 => [$"1 file is left out: {data.FirstUnusableFile}"],
        _ => [$"{data.UnusableFiles:N0} files are left out, the first: {data.FirstUnusableFile}"],
    };

    private static string Details(PlannedStage stage, StageRates rates)
    {
        if (stage.Steps == 0)
            return "";
        double rate = stage.Name switch
        {
            StageNames.Tokenizer => rates.Tokenizer,
            StageNames.Classifier => rates.Classifier,
            _ => rates.Generator,
        };
        string memory = stage.MemoryBytes > 0
            ? string.Create(CultureInfo.InvariantCulture, $", {stage.MemoryBytes / (double)(1L << 30):F1} GiB") : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{stage.Steps:N0} steps of {stage.Batch} images, {stage.Epochs:F0} passes, {rate:F0} images/s{memory}");
    }

    private static IEnumerable<string> Wrapped(string name, string text, int width, int indent = NameWidth + 2)
    {
        string line = $"  {name}".PadRight(indent);
        bool isEmpty = true;
        foreach (string word in text.Split(' '))
        {
            if (!isEmpty && line.Length + 1 + word.Length > width)
            {
                yield return line;
                (line, isEmpty) = (new string(' ', indent), true);
            }

            line += isEmpty ? word : " " + word;
            isEmpty = false;
        }

        yield return line;
    }
}
