using System.Text.Json;
using Nvg.Configuration;
using Nvg.Torch.Files;

namespace Nvg.Training.Planning.Execution;

/// <summary>State of the execution of a plan, stored in its folder.</summary>
public sealed record RunState
{
    private const string FileName = "state.json";

    /// <summary>Time used so far, without interruptions, in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>The stages that were begun, by name.</summary>
    public IReadOnlyDictionary<string, StageState> Stages { get; init; } = new Dictionary<string, StageState>();

    /// <summary>Whether the model is measured and its card written.</summary>
    public bool IsFinished { get; init; }

    /// <summary>The state of a stage; a stage that was not begun has no steps.</summary>
    public StageState Stage(string name) => Stages.TryGetValue(name, out StageState? state) ? state : new StageState();

    /// <summary>Images that a stage has been trained on so far, repeated ones included.</summary>
    /// <param name="stage">The stage of the plan.</param>
    public long ImagesSeen(PlannedStage stage) => Stage(stage.Name).Steps * stage.Batch;

    /// <summary>A copy with another state of a stage.</summary>
    internal RunState With(string name, StageState stage) =>
        this with { Stages = new Dictionary<string, StageState>(Stages) { [name] = stage } };

    /// <summary>Reads the state of a folder; the initial state if there is none.</summary>
    /// <exception cref="NvgDataException">The file is damaged.</exception>
    public static RunState Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        return File.Exists(path) ? NvgJson.Read<RunState>(path) : new RunState();
    }

    /// <summary>Writes the state.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public void Write(string folder) =>
        AtomicFile.Write(Path.Combine(folder, FileName), stream => JsonSerializer.Serialize(stream, this, NvgJson.Options));
}
