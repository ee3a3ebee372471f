namespace Nvg.Torch.Files.Onnx;

/// <summary>An operation of an ONNX graph.</summary>
/// <param name="Operation">Type of the operation, for example <c>Conv</c>.</param>
/// <param name="Inputs">Names of the inputs, in order.</param>
/// <param name="Outputs">Names of the outputs, in order.</param>
internal sealed record OnnxNode(string Operation, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs);
