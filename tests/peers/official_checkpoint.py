"""Checkpoints as the published training code saves them, with random weights; and their comparison with a converted model.

official_checkpoint.py write FOLDER [--full]     ae.ckpt and gen.ckpt, small or of the sizes of d16 (5 GB)
official_checkpoint.py compare FOLDER MODEL [--plain]"""
import collections
import json
import pathlib
import struct
import sys

import torch

SMALL = dict(depth=2, classes=10, base=32, codebook=128, channels=32, positions=256, projector=64, features=24)
FULL = dict(depth=16, classes=1000, base=128, codebook=4096, channels=32, positions=256, projector=2048, features=768)
MULTIPLIERS, BLOCKS, HEAD, MLP = (1, 2, 4, 4, 4), 2, 64, 4


class SaveBest:
    """A callback of the user's own."""

    def __init__(self):
        self.best, self.history = torch.tensor(0.5), [1.5, {"epoch": 3}]


def linear(name, inputs, outputs):
    yield name + ".weight", (outputs, inputs)
    yield name + ".bias", (outputs,)


def conv(name, inputs, outputs, kernel=3):
    yield name + ".conv.weight", (outputs, inputs, kernel, kernel)
    yield name + ".conv.bias", (outputs,)


def norm(name, width):
    yield name + ".norm.weight", (width,)
    yield name + ".norm.bias", (width,)


def resnet(name, inputs, outputs):
    yield from norm(name + ".norm1", inputs)
    yield from conv(name + ".conv1", inputs, outputs)
    yield from norm(name + ".norm2", outputs)
    yield from conv(name + ".conv2", outputs, outputs)
    if inputs != outputs:
        yield from conv(name + ".nin_shortcut", inputs, outputs, 1)


def tokenizer(size):
    base, channels = size["base"], size["channels"]
    yield from conv("encoder.conv_in", 3, base)
    width = base
    for level, multiplier in enumerate(MULTIPLIERS):
        for block in range(BLOCKS):
            yield from resnet(f"encoder.down.{level}.block.{block}", width, base * multiplier)
            width = base * multiplier
        if level < len(MULTIPLIERS) - 1:
            yield from conv(f"encoder.down.{level}.downsample.conv", width, width)
    for side, inputs in (("encoder", None), ("decoder", channels)):
        if inputs:
            yield from conv("decoder.conv_in", inputs, width)
        yield from resnet(f"{side}.mid.block_1", width, width)
        yield from resnet(f"{side}.mid.block_2", width, width)
    yield from norm("encoder.norm_out", width)
    yield from conv("encoder.conv_out", width, channels)
    for level in reversed(range(len(MULTIPLIERS))):
        for block in range(BLOCKS + 1):
            yield from resnet(f"decoder.up.{level}.block.{block}", width, base * MULTIPLIERS[level])
            width = base * MULTIPLIERS[level]
        if level > 0:
            yield from conv(f"decoder.up.{level}.upsample.conv", width, width)
    yield from norm("decoder.norm_out", width)
    yield from conv("decoder.conv_out", width, 3)
    yield "quantize.embedding.weight", (size["codebook"], channels)
    for stage in range(size["positions"].bit_length()):
        yield f"quantize.quant_resi.{stage}.weight", (channels, channels, 3, 3)
        yield f"quantize.quant_resi.{stage}.bias", (channels,)


def block(name, width):
    yield from linear(name + ".linear1", width, (3 + MLP) * width)
    yield from linear(name + ".linear2", (1 + MLP) * width, width)
    yield name + ".norm.query_norm.scale", (HEAD,)
    yield name + ".norm.key_norm.scale", (HEAD,)
    yield from linear(name + ".modulation.lin", width, 3 * width)


def head(name, width, outputs):
    yield from linear(name + ".linear", width, outputs)
    yield from linear(name + ".adaLN_modulation.1", width, 2 * width)


def generator(size):
    width, channels, rows = HEAD * size["depth"], size["channels"], size["classes"] + 1
    narrow, last = width // 2, size["positions"].bit_length() - 1
    yield "content_start_embed", (1, size["positions"], channels)
    yield "scale_factors", (last + 2,)
    yield from linear("content_embed", channels, width)
    yield "content_class_embed.weight", (rows, width)
    yield "content_stage_embed.weight", (last + 1, width)
    for i in range(size["depth"]):
        yield from block(f"content_blocks.{i}", width)
    yield from head("x0_head", width, channels)
    yield from linear("cls_head.linear", channels, size["codebook"])
    yield from linear("structure_embed", last, narrow)
    yield from linear("structure_content_cond_embed", channels, narrow)
    yield "structure_class_embed.weight", (rows, narrow)
    yield "structure_stage_embed.weight", (last - 1, narrow)
    yield from linear("structure_time_embed.in_layer", 64, narrow)
    yield from linear("structure_time_embed.out_layer", narrow, narrow)
    for i in range(size["depth"]):
        yield from block(f"structure_blocks.{i}", narrow)
    yield from head("structure_head", narrow, last)
    for i, (inputs, outputs) in enumerate(((width, size["projector"]), (size["projector"], size["projector"]), (size["projector"], size["features"]))):
        yield from linear(f"projector.{2 * i}", inputs, outputs)


def rope_ids(size):
    side, axes = int(size["positions"] ** 0.5), size["positions"].bit_length() + 2
    ids = torch.zeros(1, 1 + size["positions"], axes)
    ids[0, 0] = 1
    for position in range(size["positions"]):
        ids[0, 1 + position, -2:] = torch.tensor([float(position // side), float(position % side)])
    return ids


def lightning(state, trained):
    """What a Lightning trainer saves around a state: optimizer, loops, callbacks."""
    moments = {i: {"step": torch.tensor(7.0), "exp_avg": torch.randn_like(p), "exp_avg_sq": torch.rand_like(p)} for i, p in enumerate(trained)}
    groups = [{"lr": 1e-4, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.05, "params": list(range(len(trained)))}]
    return {
        "epoch": 3, "global_step": 1234, "pytorch-lightning_version": "2.2.0", "state_dict": state, "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"SaveBest": SaveBest(), "ModelCheckpoint": {"best_model_score": torch.tensor(0.5), "best_model_path": "x.ckpt"}},
        "optimizer_states": [{"state": moments, "param_groups": groups}], "lr_schedulers": [{"last_epoch": 3}]}


def write(folder, size):
    torch.manual_seed(1)
    tokens = collections.OrderedDict((name, torch.randn(shape)) for name, shape in tokenizer(size))
    state = collections.OrderedDict(tokens)
    state.update(("ema_model." + name, value + 1) for name, value in tokens.items())
    state.update({"loss.discriminator.weight": torch.randn(4, 4), "total_visited_codes": torch.zeros(size["codebook"], dtype=torch.int64)})
    torch.save(lightning(state, list(tokens.values())), folder / "ae.ckpt")
    weights = collections.OrderedDict(("nvgformer." + name, torch.randn(shape)) for name, shape in generator(size))
    state = collections.OrderedDict(weights)
    state["nvgformer.rope_ids"] = rope_ids(size)
    state.update(("ema_model." + name, value + 1) for name, value in weights.items())
    state["ema_model.nvgformer.rope_ids"] = rope_ids(size)
    state.update(("first_stage_model." + name, value) for name, value in tokens.items())
    state["repa_encoder.patch_embed.weight"] = torch.randn(4, 4)
    torch.save(lightning(state, list(weights.values())), folder / "gen.ckpt")


def read_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        start = file.tell()
        for name, entry in header.items():
            if name != "__metadata__":
                assert entry["dtype"] == "F32", name
                file.seek(start + entry["data_offsets"][0])
                data = bytearray(file.read(entry["data_offsets"][1] - entry["data_offsets"][0]))
                yield name, torch.frombuffer(data, dtype=torch.float32).reshape(entry["shape"])


def compare(folder, model, prefix):
    for checkpoint, inner, part in (("ae.ckpt", "", "tokenizer"), ("gen.ckpt", "nvgformer.", "generator")):
        state = torch.load(folder / checkpoint, weights_only=False)["state_dict"]
        wanted = {name[len(prefix + inner):] for name in state if name.startswith(prefix + inner)}
        wanted = {name for name in wanted if part == "generator" or name.split(".")[0] in ("encoder", "decoder", "quantize")}
        found = set()
        for name, value in read_safetensors(model / f"{part}.safetensors"):
            assert torch.equal(value, state[prefix + inner + name]), name
            found.add(name)
        assert found == {name for name in wanted if not name.startswith("projector.")}, wanted ^ found
        print(f"{part}: {len(found)} tensors equal")


if __name__ == "__main__":
    where = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "write":
        write(where, FULL if "--full" in sys.argv else SMALL)
    else:
        compare(where, pathlib.Path(sys.argv[3]), "" if "--plain" in sys.argv else "ema_model.")
