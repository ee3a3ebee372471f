using System.Runtime.InteropServices;

namespace Nvg.Torch.Files.Onnx;

/// <summary>
/// The operations and float32 weights of an ONNX file (ModelProto, GraphProto, NodeProto and TensorProto of the ONNX specification).
/// Nothing is executed. Owns its tensors.
/// </summary>
internal sealed class OnnxGraph : IDisposable
{
    // Value of TensorProto.data_type.
    private const ulong FloatType = 1;

    private readonly List<OnnxNode> _nodes = [];
    private readonly Dictionary<string, Tensor> _weights = [];

    /// <summary>The operations, in the order in which they are computed.</summary>
    internal IReadOnlyList<OnnxNode> Nodes => _nodes;

    /// <summary>The float32 weights by name; weights of other types are ignored.</summary>
    internal IReadOnlyDictionary<string, Tensor> Weights => _weights;

    /// <summary>Reads a file.</summary>
    /// <param name="path">An ONNX file without external data.</param>
    /// <exception cref="NvgDataException">The file is missing, truncated or not an ONNX file.</exception>
    internal static OnnxGraph Read(string path)
    {
        byte[] model = FileFailure.Reading(path, () => File.ReadAllBytes(path));
        var graph = new OnnxGraph();
        try
        {
            graph.ReadModel(model);
            return graph._nodes.Count > 0 ? graph : throw new InvalidDataException("it has no operations");
        }
        catch (Exception error)
        {
            graph.Dispose();
            if (error is InvalidDataException or OverflowException)
                throw NvgDataException.At(path, $"is not a complete ONNX file: {error.Message}", innerException: error);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _weights.Values)
            tensor.Dispose();
        _weights.Clear();
    }

    private void ReadModel(ReadOnlySpan<byte> model)
    {
        const int GraphField = 7;
        var reader = new ProtobufReader(model);
        while (reader.Next())
        {
            if (reader.Field == GraphField)
                ReadGraph(reader.Content);
        }
    }

    private void ReadGraph(ReadOnlySpan<byte> graph)
    {
        const int NodeField = 1, InitializerField = 5;
        var reader = new ProtobufReader(graph);
        while (reader.Next())
        {
            if (reader.Field == NodeField)
                _nodes.Add(ReadNode(reader.Content));
            else if (reader.Field == InitializerField)
                AddWeight(reader.Content);
        }
    }

    private static OnnxNode ReadNode(ReadOnlySpan<byte> node)
    {
        const int InputField = 1, OutputField = 2, OperationField = 4;
        List<string> inputs = [], outputs = [];
        string operation = "";
        var reader = new ProtobufReader(node);
        while (reader.Next())
        {
            if (reader.Field == InputField)
                inputs.Add(reader.Text);
            else if (reader.Field == OutputField)
                outputs.Add(reader.Text);
            else if (reader.Field == OperationField)
                operation = reader.Text;
        }

        return new OnnxNode(operation, inputs, outputs);
    }

    private void AddWeight(ReadOnlySpan<byte> tensor)
    {
        const int ShapeField = 1, TypeField = 2, FloatsField = 4, NameField = 8, BytesField = 9;
        List<long> shape = [];
        string name = "";
        ulong type = 0;
        ReadOnlySpan<byte> values = default;
        var reader = new ProtobufReader(tensor);
        while (reader.Next())
        {
            if (reader.Field == ShapeField)
                AddDimensions(reader, shape);
            else if (reader.Field == TypeField)
                type = reader.Number;
            else if (reader.Field == NameField)
                name = reader.Text;
            else if (reader.Field is FloatsField or BytesField)
                values = reader.Content;
        }

        if (type == FloatType)
            AddWeight(name, CollectionsMarshal.AsSpan(shape), values);
    }

    // Packed floats and raw bytes are both little-endian.
    private void AddWeight(string name, ReadOnlySpan<long> shape, ReadOnlySpan<byte> values)
    {
        long count = 1;
        foreach (long side in shape)
            count = checked(count * (side < 0 ? throw new InvalidDataException($"weight '{name}' has a negative size") : side));
        if (values.Length % sizeof(float) != 0 || values.Length / sizeof(float) != count)
        {
            string sizes = string.Join(", ", shape.ToArray());
            throw new InvalidDataException($"weight '{name}' has the shape [{sizes}], but {values.Length:N0} bytes");
        }

        if (_weights.ContainsKey(name))
            throw new InvalidDataException($"there are two weights named '{name}'");
        _weights.Add(name, Tensor.From(MemoryMarshal.Cast<byte, float>(values), shape).Own());
    }

    // Either one packed field, or one field per dimension.
    private static void AddDimensions(ProtobufReader field, List<long> shape)
    {
        if (field.Content.IsEmpty)
        {
            shape.Add(checked((long)field.Number));
            return;
        }

        var packed = new ProtobufReader(field.Content);
        while (packed.NextPacked())
            shape.Add(checked((long)packed.Number));
    }
}
