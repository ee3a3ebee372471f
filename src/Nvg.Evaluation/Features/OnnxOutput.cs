using System.Text;

namespace Nvg.Evaluation.Features;

/// <summary>Makes an intermediate result of an ONNX network one of its outputs.</summary>
internal static class OnnxOutput
{
    // ModelProto.graph, GraphProto.output and ValueInfoProto.name, as length-delimited fields.
    private const byte Graph = (7 << 3) | 2, Output = (12 << 3) | 2, Name = (1 << 3) | 2;

    /// <summary>
    /// The network with an added output. Concatenated Protocol Buffers messages are merged, so the output is appended as a second
    /// part of the graph.
    /// </summary>
    /// <param name="model">The ONNX file.</param>
    /// <param name="name">Name of the result.</param>
    internal static byte[] With(ReadOnlySpan<byte> model, string name) =>
        [.. model, .. Field(Graph, Field(Output, Field(Name, Encoding.UTF8.GetBytes(name))))];

    private static byte[] Field(byte key, byte[] content) => [key, .. Varint(content.Length), .. content];

    private static IEnumerable<byte> Varint(int value)
    {
        for (; value >= 0x80; value >>= 7)
            yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}
