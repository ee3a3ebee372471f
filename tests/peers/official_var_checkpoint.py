"""VAR checkpoints as the published program saves them, with random weights; and their comparison with a converted model.

official_var_checkpoint.py write FOLDER [--full]     vae.pth and var.pth, small or of the sizes of d16 (1.7 GB)
official_var_checkpoint.py compare FOLDER MODEL"""
import pathlib
import sys

import torch

from official_checkpoint import read_safetensors

SMALL = dict(depth=2, width=32, heads=2, classes=5, base=32, multipliers=(1, 1, 2), codes=24, channels=6, sides=(1, 2, 3, 5, 8))
FULL = dict(depth=16, width=1024, heads=16, classes=1000, base=160, multipliers=(1, 1, 2, 2, 4), codes=4096, channels=32,
            sides=(1, 2, 3, 4, 5, 6, 8, 10, 13, 16))
BLOCKS, REFINERS = 2, 4
TABLES = ("lvl_1L", "attn_bias_for_masking", "zero_k_bias", "ema_vocab_hit_SV")


def linear(name, inputs, outputs):
    yield name + ".weight", (outputs, inputs)
    yield name + ".bias", (outputs,)


def conv(name, inputs, outputs, kernel=3):
    yield name + ".weight", (outputs, inputs, kernel, kernel)
    yield name + ".bias", (outputs,)


def norm(name, width):
    yield name + ".weight", (width,)
    yield name + ".bias", (width,)


def resnet(name, inputs, outputs):
    yield from norm(name + ".norm1", inputs)
    yield from conv(name + ".conv1", inputs, outputs)
    yield from norm(name + ".norm2", outputs)
    yield from conv(name + ".conv2", outputs, outputs)
    if inputs != outputs:
        yield from conv(name + ".nin_shortcut", inputs, outputs, 1)


def attention(name, width):
    yield from norm(name + ".norm", width)
    yield from conv(name + ".qkv", width, 3 * width, 1)
    yield from conv(name + ".proj_out", width, width, 1)


def half(name, size, ends):
    """Encoder or decoder: levels, middle, ends"""
    widths = [size["base"] * m for m in size["multipliers"]]
    is_encoder = name == "encoder"
    order = range(len(widths)) if is_encoder else reversed(range(len(widths)))
    width = size["base"] if is_encoder else widths[-1]
    yield from conv(f"{name}.conv_in", ends[0], width)
    for level in order:
        place = f"{name}.{'down' if is_encoder else 'up'}.{level}"
        for block in range(BLOCKS + (not is_encoder)):
            yield from resnet(f"{place}.block.{block}", width, widths[level])
            width = widths[level]
            if level == len(widths) - 1:
                yield from attention(f"{place}.attn.{block}", width)
        if is_encoder and level < len(widths) - 1:
            yield from conv(f"{place}.downsample.conv", width, width)
        if not is_encoder and level > 0:
            yield from conv(f"{place}.upsample.conv", width, width)
    for part, make in (("block_1", resnet), ("block_2", resnet)):
        yield from make(f"{name}.mid.{part}", widths[-1], widths[-1])
    yield from attention(f"{name}.mid.attn_1", widths[-1])
    yield from norm(f"{name}.norm_out", width)
    yield from conv(f"{name}.conv_out", width, ends[1])


def tokenizer(size):
    channels = size["channels"]
    yield from half("encoder", size, (3, channels))
    yield from half("decoder", size, (channels, 3))
    yield from conv("quant_conv", channels, channels)
    yield from conv("post_quant_conv", channels, channels)
    yield "quantize.embedding.weight", (size["codes"], channels)
    yield "quantize.ema_vocab_hit_SV", (len(size["sides"]), size["codes"])
    for k in range(REFINERS):
        yield from conv(f"quantize.quant_resi.qresi_ls.{k}", channels, channels)


def transformer(size):
    width, tokens = size["width"], sum(side * side for side in size["sides"])
    yield "pos_start", (1, size["sides"][0] ** 2, width)
    yield "pos_1LC", (1, tokens, width)
    yield from linear("word_embed", size["channels"], width)
    yield "class_emb.weight", (size["classes"] + 1, width)
    yield "lvl_embed.weight", (len(size["sides"]), width)
    for block in range(size["depth"]):
        name = f"blocks.{block}"
        yield f"{name}.attn.scale_mul_1H11", (1, size["heads"], 1, 1)
        yield f"{name}.attn.q_bias", (width,)
        yield f"{name}.attn.v_bias", (width,)
        yield f"{name}.attn.zero_k_bias", (width,)
        yield f"{name}.attn.mat_qkv.weight", (3 * width, width)
        yield from linear(f"{name}.attn.proj", width, width)
        yield from linear(f"{name}.ffn.fc1", width, 4 * width)
        yield from linear(f"{name}.ffn.fc2", 4 * width, width)
        yield from linear(f"{name}.ada_lin.1", width, 6 * width)
    yield from linear("head_nm.ada_lin.1", width, 2 * width)
    yield from linear("head", width, size["codes"])


def write(folder, size):
    torch.manual_seed(1)
    torch.save({name: torch.randn(shape) for name, shape in tokenizer(size)}, folder / "vae.pth")
    state = {name: torch.zeros(shape) if name.endswith("zero_k_bias") else torch.randn(shape) for name, shape in transformer(size)}
    scale = torch.repeat_interleave(torch.arange(len(size["sides"])), torch.tensor([side * side for side in size["sides"]]))
    state["lvl_1L"] = scale[None]
    mask = torch.zeros(len(scale), len(scale)).masked_fill(scale[:, None] < scale[None], float("-inf"))
    state["attn_bias_for_masking"] = mask[None, None]
    torch.save(state, folder / "var.pth")


def compare(folder, model):
    for checkpoint, part in (("vae.pth", "tokenizer"), ("var.pth", "generator")):
        state = {name: value for name, value in torch.load(folder / checkpoint).items() if not name.endswith(TABLES)}
        found = set()
        for name, value in read_safetensors(model / f"{part}.safetensors"):
            assert torch.equal(value, state[name]), name
            found.add(name)
        assert found == set(state), found ^ set(state)
        print(f"{part}: {len(found)} tensors equal")


if __name__ == "__main__":
    where = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "write":
        write(where, FULL if "--full" in sys.argv else SMALL)
    else:
        compare(where, pathlib.Path(sys.argv[3]))
