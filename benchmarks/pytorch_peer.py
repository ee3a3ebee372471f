"""An NVG or VAR model in plain eager PyTorch, to time beside `nvg bench`: same network, same weights, same settings.

pytorch_peer.py MODEL [--threads N] [--repeat N] [--dtype bfloat16]   times each part of a model folder, as JSON
pytorch_peer.py MODEL --device cuda [--images N]                      the same on a GPU, with batches of N images
pytorch_peer.py MODEL --train [--batch N] [--dtype bfloat16]          times a training step of tokenizer and generator
pytorch_peer.py --check FIXTURE...                                    the method against reference fixtures (files or folders)

The network itself is in peers/nvg_peer."""
import argparse
import json
import pathlib
import sys
import time

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parent / "peers"))
from nvg_peer.files import read  # noqa: E402
from nvg_peer.fixtures import KINDS  # noqa: E402
from nvg_peer.fixtures.check import check  # noqa: E402
from nvg_peer.generator import Generator  # noqa: E402
from nvg_peer.sampling import sample  # noqa: E402
from nvg_peer.structure import cluster, means  # noqa: E402
from nvg_peer.tokenizer import decode, encode, quantize  # noqa: E402
from nvg_peer.var_sampling import sample as sample_var  # noqa: E402
from nvg_peer.var_tokenizer import Scales, conv, decode as decode_var, encode as encode_var  # noqa: E402
from nvg_peer.var_transformer import Transformer  # noqa: E402
from nvg_peer.weights import Weights, trainable  # noqa: E402


def check_all(paths):
    """Prints a line per fixture and what disagrees. -> whether everything agrees"""
    files = [file for path in paths for file in (sorted(path.glob("*.safetensors")) if path.is_dir() else [path])]
    total, failed = 0, 0
    for file in files:
        if file.stem not in KINDS:
            print(f"{file.name}: not checked, only {', '.join(KINDS)} are known")
            continue
        passed, problems, unused = check(file)
        total, failed = total + passed, failed + len(problems)
        print(f"{file.name}: {passed} tensors agree" + (f"; not compared: {', '.join(unused)}" if unused else ""))
        for problem in problems:
            print(f"  {problem}")
    print(f"{total} passed, {failed} failed")
    return total > 0 and failed == 0


def clock(repeat, action):
    """The best seconds."""
    return min(clocks(repeat, {"": action})[""])


def finish():
    """Waits until the GPU has done everything, if there is one in use."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()


def load(path):
    """The tensors of a file, on the device in use."""
    device = torch.empty(0).device
    return {name: tensor.to(device) for name, tensor in read(path)[0].items()}


def clocks(repeat, actions):
    """The seconds of each action, in order; they take turns, so that what else the machine does meets all alike."""
    seconds = {name: [] for name in actions}
    for turn in range(repeat + 1):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            finish()
            if turn > 0:  # the first turn is a warm-up
                seconds[name].append(time.perf_counter() - start)
    return {name: sorted(times) for name, times in seconds.items()}


def bench_var(folder, repeat, dtype, images=1):
    """A VAR model with the published settings: guidance, top-k 900, top-p 0.96"""
    config = json.loads((folder / "config.json").read_text())
    sizes, network = config["tokenizer"], config["transformer"]
    tokens = load(folder / "tokenizer.safetensors")
    heads = network.get("headCount") or network["depth"]
    transformer = Transformer(Weights(load(folder / "generator.safetensors"), dtype), network["scales"], network["classCount"], heads)
    full, convolutions = Weights(tokens, torch.float32), Weights(tokens, dtype)
    scales = Scales(full.of("quantize."), sizes["scales"])
    shape, side = (len(sizes["channelMultipliers"]), sizes["resNetBlocks"], sizes["normGroups"]), sizes["scales"][-1]
    torch.manual_seed(0)
    image = torch.rand(images, 3, side << (shape[0] - 1), side << (shape[0] - 1)) * 2 - 1
    latent = torch.randn(images, sizes["latentChannels"], side, side)
    uniform = [torch.rand(images, n * n) for n in sizes["scales"]]

    def drawn():
        return sample_var(transformer, scales, torch.zeros(images, dtype=torch.int64), 1.5, 900, 0.96, uniform)[1]

    def decoded(canvas):
        return decode_var(convolutions.of("decoder."), conv(convolutions, "post_quant_conv", canvas.to(dtype), padding=1), *shape)

    actions = {"encode": lambda: conv(full, "quant_conv", encode_var(full.of("encoder."), image, *shape), padding=1),
               "decode": lambda: decoded(latent), "all scales, guided": drawn, "generate": lambda: decoded(drawn())}
    with torch.inference_mode():
        return {name: clock(repeat, action) for name, action in actions.items()}


def bench(folder, repeat, whole, dtype, images=1, steps=25):
    config = json.loads((folder / "config.json").read_text())
    if config.get("method") == "var":
        return bench_var(folder, repeat, dtype, images)
    sizes, grid = config["tokenizer"], config["generator"]
    tokenizer = load(folder / "tokenizer.safetensors")
    generator = Generator(Weights(load(folder / "generator.safetensors"), dtype), grid["classCount"])
    refiners = [tuple(tokenizer[f"quantize.quant_resi.{i}.{part}"].float() for part in ("weight", "bias"))
                for i in range(generator.last + 1)]
    codebook = tokenizer["quantize.embedding.weight"].float()
    convolutions = Weights(tokenizer, dtype)
    shape = (len(sizes["channelMultipliers"]), sizes["resNetBlocks"], sizes["normGroups"])
    length, channels = generator.length, codebook.shape[1]
    torch.manual_seed(0)
    noise, canvas = torch.randn(images, length, generator.last), torch.randn(images, length, channels)
    image = torch.rand(images, 3, sizes["imageSize"], sizes["imageSize"], dtype=torch.float32) * 2 - 1
    latent = canvas.transpose(1, 2).unflatten(2, (generator.side, -1)).to(dtype)
    labels = (torch.arange(length)[None] // (length // 4)).expand(images, -1)
    rows = torch.tensor([0] * images + [generator.classes] * images)
    linear = [1 + i / generator.last for i in range(generator.last + 1)]
    turns = generator.turns(generator.embed(labels, 2).repeat(2, 1, 1), [2, 0])
    encoder, decoder = Weights(tokenizer, torch.float32).of("encoder."), convolutions.of("decoder.")
    with torch.inference_mode():
        report = {
            "encode": clock(repeat, lambda: encode(encoder, image, *shape)),
            "decode": clock(repeat, lambda: decode(decoder, latent, *shape)),
            "content pass, guided": clock(repeat, lambda: generator.final_canvas(canvas.repeat(2, 1, 1), labels.repeat(2, 1), 2, rows)),
            "structure pass, guided": clock(repeat, lambda: generator.velocity(
                noise.repeat(2, 1, 1), canvas.repeat(2, 1, 1), labels, 2, 0.5, rows, turns)),
        }
        if whole:
            def image_of_class():
                guidance, structure_guidance = ([1 + rise * (g - 1) for g in linear] for rise in (2.5, 1.5))
                canvas_end = sample(generator, codebook, refiners, rows[:images], noise, guidance, structure_guidance, steps)[2]
                decode(decoder, canvas_end.transpose(1, 2).unflatten(2, (generator.side, -1)).to(dtype), *shape)
            if noise.is_cuda:
                report["generate"] = clock(repeat, image_of_class)
            else:  # takes minutes
                start = time.perf_counter()
                image_of_class()
                report["generate"] = time.perf_counter() - start
    return report


def training_step(parameters, loss_of, dtype):
    """Forward, backward, clipping and AdamW, over float32 weights, with autocast for bfloat16."""
    leaves = [p for p in parameters.values() if p.requires_grad]
    optimizer = torch.optim.AdamW(leaves, lr=1e-4, betas=(0.9, 0.95))

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(leaves[0].device.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
            loss = loss_of()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(leaves, 1.0)
        optimizer.step()
    return step


def bench_training(folder, repeat, batch, dtype, whole=True):
    """The tokenizer, and what its structure construction and its quantizer take of that; the generator with two content
    stages and one structure stage per image."""
    config = json.loads((folder / "config.json").read_text())
    sizes = config["tokenizer"]
    side, shape = sizes["imageSize"], (len(sizes["channelMultipliers"]), sizes["resNetBlocks"], sizes["normGroups"])
    torch.manual_seed(0)
    images = torch.rand(batch, 3, side, side) * 2 - 1
    parts = trainable(load(folder / "tokenizer.safetensors"))
    tokenizer = Weights(parts)
    encoder, decoder, quantizer = tokenizer.of("encoder."), tokenizer.of("decoder."), tokenizer.of("quantize.")
    without = {n: t for n, t in parts.items() if n.startswith(("encoder.", "decoder."))}
    with torch.no_grad():
        known = cluster(encode(encoder, images, *shape).flatten(2).transpose(1, 2)) if whole else None

    def pixel_loss(latent):
        decoded = decode(decoder, latent, *shape).float()
        return (decoded - images).abs().mean() + (decoded - images).square().mean()

    def tokenizer_loss(given=None):
        latent = encode(encoder, images, *shape).float()
        with torch.autocast(images.device.type, enabled=False):
            labels = cluster(latent.detach().flatten(2).transpose(1, 2)) if given is None else given
            output, losses, _, _ = quantize(quantizer, latent, labels, 0.5, 0.25)
            quantizer_loss = torch.stack(losses).mean()
        return pixel_loss(output) + quantizer_loss

    weights = Weights(trainable(load(folder / "generator.safetensors")))
    generator = Generator(weights, config["generator"]["classCount"])
    length, last, stage = generator.length, generator.last, 3
    canvas, target = torch.randn(2, 2 * batch, length, sizes["latentChannels"])
    labels = (torch.arange(length)[None] // (length // 2 ** stage)).expand(2 * batch, -1)
    classes, tokens = torch.arange(2 * batch) % generator.classes, torch.randint(sizes["codebookSize"], (2 * batch, 2 ** stage))
    z, velocity = torch.randn(2, batch, length, last)
    turns = generator.turns(generator.embed(labels[:batch], stage), [2, 0])

    def generation_loss():
        final = generator.final_canvas(canvas, labels, stage, classes)
        logits = weights.linear("cls_head.linear", means(final - canvas, labels, 2 ** stage)).float()
        flow = generator.velocity(z, canvas[:batch], labels[:batch], stage, 0.5, classes[:batch], turns)
        return F.mse_loss(final, target) + F.cross_entropy(logits.flatten(0, 1), tokens.flatten()) + F.mse_loss(flow, velocity)

    steps = {name: training_step(parameters, loss, dtype) for name, parameters, loss in (
        ("tokenizer", parts, tokenizer_loss),
        ("tokenizer, structure given", parts, lambda: tokenizer_loss(known)),
        ("tokenizer without quantizer", without, lambda: pixel_loss(encode(encoder, images, *shape))),
        ("generator", weights.tensors, generation_loss)) if whole or name == "generator"}
    return {name: {"best": batch / seconds[0], "median": batch / seconds[len(seconds) // 2]}
            for name, seconds in clocks(repeat, steps).items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=pathlib.Path)
    parser.add_argument("--check", type=pathlib.Path, nargs="+", default=[], metavar="FIXTURE")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--train", action="store_true", help="time training steps instead")
    parser.add_argument("--generator-only", action="store_true", help="with --train: not the tokenizer")
    parser.add_argument("--batch", type=int, default=64, help="images of a training step")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--images", type=int, default=1, help="images of a batch, without --train")
    parser.add_argument("--steps", type=int, default=25, help="steps of the structure flow")
    parser.add_argument("--no-whole", action="store_true", help="do not time the whole image")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.check and not check_all(arguments.check):
        sys.exit(1)
    if arguments.device != "cpu":  # PyTorch 2.0 and later
        torch.set_default_device(arguments.device)
    settings = {"torch": torch.__version__, "threads": arguments.threads, "dtype": arguments.dtype, "device": arguments.device}
    if arguments.device != "cpu":
        settings["card"] = torch.cuda.get_device_name()
    if arguments.model and arguments.train:
        rates = bench_training(arguments.model, arguments.repeat, arguments.batch, getattr(torch, arguments.dtype),
                               not arguments.generator_only)
        print(json.dumps(settings | {"images per second": rates}, indent=2))
    elif arguments.model:
        seconds = bench(arguments.model, arguments.repeat, not arguments.no_whole, getattr(torch, arguments.dtype), arguments.images,
                        arguments.steps)
        print(json.dumps(settings | {"images": arguments.images, "steps": arguments.steps, "seconds": seconds}, indent=2))
