using Nvg.Checkpoints;
using Nvg.Var;

namespace Nvg.Tests.Checkpoints;

public class ModelFolderFilesTests
{
    [Fact]
    public void Require_NoModelFolder_IsRefusedAlikeForEveryMethod()
    {
        using var folder = new TemporaryFolder();
        foreach ((string path, string reason) in new[] { ("missing", "model folder not found"), ("", "it has no tokenizer.safetensors") })
        {
            string message = Assert.Throws<NvgDataException>(() => ModelFolderFiles.Require(folder[path])).Message;
            Assert.Contains(reason, message, StringComparison.Ordinal);
            Assert.Equal(message, Assert.Throws<NvgDataException>(() => NvgModel.ReadConfig(folder[path])).Message);
            Assert.Equal(message, Assert.Throws<NvgDataException>(() => VarModel.ReadConfig(folder[path])).Message);
        }

        folder.Write(ModelFolderFiles.Tokenizer, []);
        ModelFolderFiles.Require(folder.Root);
    }
}
