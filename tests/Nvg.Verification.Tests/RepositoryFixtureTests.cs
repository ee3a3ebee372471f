using Nvg.Torch.Files.Safetensors;

namespace Nvg.Verification.Tests;

/// <summary>What the repository's own fixtures promise of themselves.</summary>
public class RepositoryFixtureTests
{
    private static readonly string[] Kinds =
    [
        "autoencoder", "clustering", "dino_disc", "generate", "generator_train", "losses", "metrics", "quantizer", "sampling",
        "structure_embedding", "var_edit", "var_generate", "var_tokenizer", "var_train",
    ];

    [Fact]
    public void Fixtures_AllKinds_ArePresentAndSmall()
    {
        FileInfo[] files = new DirectoryInfo(ReferenceFixtures.Path("")).GetFiles("*.safetensors");
        Assert.Equal(Kinds, files.Select(f => Path.GetFileNameWithoutExtension(f.Name)).Order(StringComparer.Ordinal));
        Assert.InRange(files.Sum(f => f.Length), 1, 5 * 512 * 1024);
    }

    [Fact]
    public void Fixtures_DiscreteResults_AreFarFromTies()
    {
        int margins = 0;
        foreach (string kind in Kinds)
        {
            using SafetensorsFile file = SafetensorsFile.Open(ReferenceFixtures.Path($"{kind}.safetensors"));
            foreach ((string key, string margin) in file.Metadata.Where(m => m.Key.StartsWith("min_margin_", StringComparison.Ordinal)))
            {
                Assert.True(double.Parse(margin) > 1e-4, $"{kind}: {key} is {margin}");
                margins++;
            }
        }

        Assert.True(margins >= 13, $"only {margins} margins are stated");
    }

    [TorchPeerFact]
    public void Fixtures_Peer_ComputesThemAgain()
    {
        string script = Path.Combine(ReferenceFixtures.Path(""), "..", "..", "benchmarks", "pytorch_peer.py");
        string output = TorchPeer.Run(script, "--threads", "1", "--check", ReferenceFixtures.Path(""));
        Assert.EndsWith(" passed, 0 failed", output.TrimEnd(), StringComparison.Ordinal);
    }
}
