using Nvg.Checkpoints;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Var;
using Nvg.Var.Tokenizers;

namespace Nvg.Training.Tasks.Var;

/// <summary>
/// Starts VAR's tokenizer with the weights of a model: another VAR tokenizer with the same settings, or NVG's, whose encoder, decoder and
/// codebook have the same sizes. Layers that NVG does not have start without effect: attention adds nothing, and the convolutions
/// around the quantizer and of the refiners are the identity.
/// </summary>
internal static class VarTokenizerStart
{
    /// <summary>Overwrites the parameters of a tokenizer.</summary>
    /// <returns>The fingerprint of the model that the weights come from.</returns>
    /// <exception cref="NvgDataException">The folder has no model, or a model with other sizes.</exception>
    internal static string Copy(VarTokenizer tokenizer, string folder)
    {
        Device device = tokenizer.Quantizer.Codebook.Device;
        if (ModelMethod.Of(folder) == ModelMethod.Var)
        {
            using VarModel start = VarModel.Load(folder, device, withGenerator: false);
            RunStart.RequireSettings(folder, start.Config.Tokenizer, tokenizer.Config);
            tokenizer.Parameters.CopyFrom(start.Tokenizer.Parameters);
            return start.Fingerprint();
        }

        using NvgModel other = NvgModel.Load(folder, device, withGenerator: false);
        CopyShared(tokenizer.Parameters, other.Tokenizer.Parameters, folder);
        return other.Fingerprint();
    }

    private static void CopyShared(ParameterStore own, ParameterStore nvg, string folder)
    {
        var shared = nvg.Select(p => KeyValuePair.Create(PlainName(p.Key), p.Value)).Where(p => own.ContainsKey(p.Key)).ToDictionary();
        string? other = shared.Keys.FirstOrDefault(n => !own[n].Shape.SequenceEqual(shared[n].Shape));
        // A deeper network has additional parameters, and not only other sizes of the same ones.
        bool isWhole = own.TrainableNames.Where(IsOfBoth).All(shared.ContainsKey) && shared.Count == nvg.TrainableNames.Count(IsOfBoth);
        if (other is not null || !isWhole)
            throw RunStart.Unfit(folder, $"its encoder, decoder or codebook has other sizes{(other is null ? "" : $" ({other})")}");
        own.CopySharedFrom(shared);
        using GradMode noGrad = Autograd.NoGrad();
        foreach (string name in own.TrainableNames.Where(n => !shared.ContainsKey(n)))
            RemoveEffect(name, own[name]);
    }

    // Only VAR has attention and the convolutions around the quantizer. Refiners belong to stages in NVG and to scales in VAR.
    private static bool IsOfBoth(string name) => !name.Contains(".attn", StringComparison.Ordinal)
        && !name.Contains("quant_conv", StringComparison.Ordinal) && !name.Contains("quant_resi", StringComparison.Ordinal);

    // NVG's convolutions and norms are nested in their own modules: conv1.conv.weight, norm1.norm.weight.
    private static string PlainName(string name)
    {
        string[] parts = name.Split('.');
        return parts.Length > 2 && parts[^2] is "conv" or "norm" ? string.Join('.', [.. parts[..^2], parts[^1]]) : name;
    }

    private static void RemoveEffect(string name, Tensor parameter)
    {
        bool isAttention = name.Contains(".attn", StringComparison.Ordinal);
        if (isAttention && !name.Contains(".proj_out.", StringComparison.Ordinal))
            return;
        parameter.FillInPlace(0);
        if (isAttention || parameter.Rank != 4)
            return;
        for (long channel = 0; channel < parameter.Size(0); channel++)
        {
            using var scope = new TensorScope();
            Tensor kernel = parameter.Select(0, channel).Select(0, channel);
            kernel.Select(0, kernel.Size(0) / 2).Select(0, kernel.Size(1) / 2).FillInPlace(1);
        }
    }
}
