using System.Reflection;

namespace Nvg.Architecture.Tests;

/// <summary>
/// The order of projects and of the rooms (namespaces) within each. A project may use only the projects listed for it, a room only
/// rooms of its project that come before it. This is the one place to change when a project or room is added.
/// </summary>
internal static class Layers
{
    /// <summary>Projects from the bottom to the top, each with all projects that its code may use.</summary>
    internal static readonly IReadOnlyList<(string Project, string[] Uses)> Projects =
    [
        ("Nvg.Torch", []),
        ("Nvg.Imaging", ["Nvg.Torch"]),
        ("Nvg", ["Nvg.Torch", "Nvg.Imaging"]),
        ("Nvg.Data", ["Nvg.Torch", "Nvg.Imaging", "Nvg"]),
        ("Nvg.Training", ["Nvg.Torch", "Nvg.Imaging", "Nvg", "Nvg.Data"]),
        ("Nvg.Evaluation", ["Nvg.Torch", "Nvg.Imaging", "Nvg", "Nvg.Data"]),
        ("Nvg.Verification", ["Nvg.Torch", "Nvg.Imaging", "Nvg", "Nvg.Data", "Nvg.Training", "Nvg.Evaluation"]),
        ("Nvg.Server", ["Nvg.Torch", "Nvg.Imaging", "Nvg"]),
        ("Nvg.Extensions.AI", ["Nvg.Torch", "Nvg.Imaging", "Nvg"]),
        ("Nvg.Cli", ["Nvg.Torch", "Nvg.Imaging", "Nvg", "Nvg.Data", "Nvg.Training", "Nvg.Evaluation", "Nvg.Verification", "Nvg.Server"]),
    ];

    /// <summary>Rooms of each project from the bottom to the top.</summary>
    internal static readonly IReadOnlyDictionary<string, string[]> Rooms = new Dictionary<string, string[]>
    {
        ["Nvg.Torch"] =
        [
            "Nvg", "Nvg.Torch.Interop", "Nvg.Torch.Interop.Managed", "Nvg.Torch", "Nvg.Torch.Files", "Nvg.Torch.Files.Npy",
            "Nvg.Torch.Files.Onnx", "Nvg.Torch.Files.PyTorch", "Nvg.Torch.Files.Safetensors", "Nvg.Torch.Nn", "Nvg.Torch.Optim",
            "Nvg.Torch.Distributed",
        ],
        ["Nvg.Imaging"] = ["Nvg.Imaging", "Nvg.Imaging.Npz"],
        ["Nvg"] =
        [
            "Nvg.Configuration", "Nvg.Granularity", "Nvg.Granularity.Construction", "Nvg.Pretrained", "Nvg.Tokenizers.Layers",
            "Nvg.Tokenizers", "Nvg.Var.Tokenizers", "Nvg.Generators.Blocks", "Nvg.Generators", "Nvg.Var.Transformers",
            "Nvg.Labels", "Nvg.Conditioning",
            "Nvg.Sampling.Schedules", "Nvg.Sampling", "Nvg.Var.Sampling", "Nvg.Checkpoints", "Nvg.Classifiers", "Nvg.Reporting",
            "Nvg.Control", "Nvg.Previews", "Nvg.Methods", "Nvg", "Nvg.Var", "Nvg.Models", "Nvg.Documents",
            "Nvg.Conversion", "Nvg.Conversion.Var",
        ],
        ["Nvg.Data"] = ["Nvg.Data.Files", "Nvg.Data.Sources", "Nvg.Data.Datasets", "Nvg.Data.Loading", "Nvg.Data.Packing"],
        ["Nvg.Training"] =
        [
            "Nvg.Training.Ownership", "Nvg.Training.TensorBoard", "Nvg.Training.Distributed", "Nvg.Training.Optimization",
            "Nvg.Training.Runs", "Nvg.Training.Loop",
            "Nvg.Training.Adversarial", "Nvg.Training.Tasks", "Nvg.Training.Tasks.Tokenizers", "Nvg.Training.Tasks.Generators.Intervals",
            "Nvg.Training.Tasks.Generators",
            "Nvg.Training.Tasks.Distillation", "Nvg.Training.Tasks.Classifiers", "Nvg.Training.Tasks.Var",
            "Nvg.Training.Planning.Facts", "Nvg.Training.Planning", "Nvg.Training.Planning.Execution",
            "Nvg.Training.Scaling",
        ],
        ["Nvg.Evaluation"] =
        [
            "Nvg.Evaluation.Statistics", "Nvg.Evaluation.Features", "Nvg.Evaluation.Metrics", "Nvg.Evaluation.SampleSets",
            "Nvg.Evaluation.Classes",
            "Nvg.Evaluation.Distributions", "Nvg.Evaluation.TokenizerQuality", "Nvg.Evaluation.Neighbours", "Nvg.Evaluation.Steering",
            "Nvg.Evaluation.Studies", "Nvg.Evaluation.Comparison",
        ],
        ["Nvg.Verification"] =
            ["Nvg.Verification.Checks", "Nvg.Verification.Fixtures", "Nvg.Verification.Var", "Nvg.Verification"],
        ["Nvg.Server"] =
        [
            "Nvg.Server.Observability", "Nvg.Server", "Nvg.Server.Models", "Nvg.Server.Scheduling", "Nvg.Server.Jobs",
            "Nvg.Server.Requests.Content", "Nvg.Server.Requests.Bodies", "Nvg.Server.Requests",
            "Nvg.Server.Access", "Nvg.Server.Native", "Nvg.Server.OpenAi", "Nvg.Server.Automatic1111", "Nvg.Server.Hosting",
        ],
        ["Nvg.Extensions.AI"] = ["Nvg.Extensions.AI"],
        ["Nvg.Cli"] =
        [
            "Nvg.Cli.Terminal", "Nvg.Cli.Serving", "Nvg.Cli.Bench", "Nvg.Cli.Launching", "Nvg.Cli.Arguments",
            "Nvg.Cli.Arguments.Steering", "Nvg.Cli.Output", "Nvg.Cli.Planning", "Nvg.Cli.Help", "Nvg.Cli.Commands.Training",
            "Nvg.Cli.Commands.Generation", "Nvg.Cli.Commands", "Nvg.Cli.Commands.Evaluate", "Nvg.Cli.Commands.Comparison", "Nvg.Cli",
        ],
    };

    /// <summary>Uses against the order that are accepted, as (room, room it uses).</summary>
    internal static readonly IReadOnlyList<(string From, string To)> Exceptions =
    [
        // Handles and calls of the native interface speak of tensors, which are built on them.
        ("Nvg.Torch.Interop", "Nvg.Torch"),
        // The managed door speaks of element types, and draws random numbers.
        ("Nvg.Torch.Interop.Managed", "Nvg.Torch"),
        // The base of all errors of files escapes names from outside.
        ("Nvg", "Nvg.Torch.Files"),
        // A tensor may be a view of a mapped file.
        ("Nvg.Torch", "Nvg.Torch.Files"),
        // TensorFile.Open recognises the format and opens it.
        ("Nvg.Torch.Files", "Nvg.Torch.Files.PyTorch"),
        ("Nvg.Torch.Files", "Nvg.Torch.Files.Safetensors"),
    ];

    /// <summary>The assembly of a project.</summary>
    internal static Assembly AssemblyOf(string project) => Assembly.Load(project);

    /// <summary>The types of a project, without those that the compiler adds outside the project's namespaces.</summary>
    internal static IEnumerable<Type> TypesOf(string project) => AssemblyOf(project).GetTypes().Where(IsOfProject);

    /// <summary>Whether a type is written in this repository's namespaces.</summary>
    internal static bool IsOfProject(Type type) =>
        type.Namespace is { } space && (space == "Nvg" || space.StartsWith("Nvg.", StringComparison.Ordinal));
}
