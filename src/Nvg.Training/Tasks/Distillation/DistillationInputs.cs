using Nvg.Generators;
using Nvg.Torch;

namespace Nvg.Training.Tasks.Distillation;

/// <summary>What the distillations of both generators use. Borrows teacher and examples.</summary>
/// <param name="Config">Settings.</param>
/// <param name="Sizes">Sizes of the student.</param>
/// <param name="Teacher">The frozen model.</param>
/// <param name="Examples">The sequences.</param>
/// <param name="Device">The training device.</param>
internal sealed record DistillationInputs(
    DistillationConfig Config, GeneratorConfig Sizes, DistillationTeacher Teacher, DistillationExamples Examples, Device Device);
