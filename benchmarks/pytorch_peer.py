"""An NVG model in plain eager PyTorch, to time beside `nvg bench`: same network, same weights, same settings.

pytorch_peer.py MODEL [--threads N] [--repeat N] [--dtype bfloat16]   times each part of a model folder, as JSON
pytorch_peer.py MODEL --train [--batch N] [--dtype bfloat16]          times a training step of tokenizer and generator
pytorch_peer.py --check FIXTURE...                                    the network against reference numbers: generate, clustering
                                                                      and quantizer.safetensors"""
import argparse
import json
import math
import pathlib
import struct
import time

import torch
import torch.nn.functional as F

TYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "I64": torch.int64}
HEAD, TYPE_CHANNELS = 64, 8


def read(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        start, tensors = file.tell(), {}
        for name, entry in header.items():
            if name != "__metadata__":
                begin, end = entry["data_offsets"]
                file.seek(start + begin)
                tensors[name] = torch.frombuffer(bytearray(file.read(end - begin)), dtype=TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, header.get("__metadata__", {})


class Weights:
    """Parameters by name; `of` gives those below a prefix."""

    def __init__(self, tensors, dtype=torch.float32):
        self.tensors = {n: t.to(dtype) if t.is_floating_point() else t for n, t in tensors.items()}

    def of(self, prefix):
        view = Weights({})
        view.tensors = {n[len(prefix):]: t for n, t in self.tensors.items() if n.startswith(prefix)}
        return view

    def __getitem__(self, name):
        return self.tensors[name]

    def linear(self, name, x):
        return F.linear(x, self[name + ".weight"], self.tensors.get(name + ".bias"))

    def conv(self, name, x, **options):
        return F.conv2d(x, self[name + ".conv.weight"], self[name + ".conv.bias"], **options)


class Block:
    def __init__(self, weights, width):
        self.w, self.width = weights, width

    def __call__(self, x, vec, turns):
        w, width = self.w, self.width
        shift, scale, gate = w.linear("modulation.lin", F.silu(vec))[:, None].chunk(3, -1)
        y = (1 + scale) * F.layer_norm(x, (width,), eps=1e-6) + shift
        projected = w.linear("linear1", y)
        q, k, v, m = projected.split([width, width, width, projected.shape[-1] - 3 * width], -1)
        q, k, v = (t.unflatten(-1, (-1, HEAD)).transpose(1, 2) for t in (q, k, v))
        q, k = turn(rms(q, w["norm.query_norm.scale"]), turns), turn(rms(k, w["norm.key_norm.scale"]), turns)
        attention = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(HEAD), -1) @ v
        hidden = torch.cat([attention.transpose(1, 2).flatten(2), F.gelu(m, approximate="tanh")], -1)
        return x + gate * w.linear("linear2", hidden)


def rms(x, scale):
    full = x.float()
    return (full * torch.rsqrt(full.square().mean(-1, keepdim=True) + 1e-6)).to(x.dtype) * scale


def turn(x, turns):
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * turns).flatten(-2).to(x.dtype)


def head(w, x, vec):
    shift, scale = w.linear("adaLN_modulation.1", F.silu(vec))[:, None].chunk(2, -1)
    return w.linear("linear", (1 + scale) * F.layer_norm(x, (x.shape[-1],), eps=1e-6) + shift)


class Generator:
    def __init__(self, weights, classes):
        self.w, self.classes = weights, classes
        self.length, self.last = weights["content_start_embed"].shape[1], weights["content_stage_embed.weight"].shape[0] - 1
        self.side = int(math.sqrt(self.length))
        self.content = self.blocks("content_blocks.")
        self.structure = self.blocks("structure_blocks.")
        rest = HEAD - TYPE_CHANNELS - 2 * self.last
        sizes = [TYPE_CHANNELS] + [2] * self.last + [rest // 4 * 2, rest - rest // 4 * 2]
        self.axis = torch.tensor([a for a, size in enumerate(sizes) for _ in range(size // 2)])
        self.frequency = torch.tensor([10000.0 ** (-2 * j / size) for size in sizes for j in range(size // 2)], dtype=torch.float64)

    def blocks(self, prefix):
        numbers = {int(n[len(prefix):].split(".")[0]) for n in self.w.tensors if n.startswith(prefix)}
        stack = [self.w.of(f"{prefix}{i}.") for i in sorted(numbers)]
        return [Block(w, w["linear1.weight"].shape[1]) for w in stack]

    def turns(self, embedding, types):
        count = embedding.shape[0]
        place = torch.arange(self.length)
        places = torch.stack([place // self.side, place % self.side], -1).float().expand(count, -1, -1)
        ids = [torch.ones(count, 1, self.last + 3)]
        ids += [torch.cat([torch.full((count, self.length, 1), float(t)), embedding, places], -1) for t in types]
        angle = (torch.cat(ids, 1)[..., self.axis].double() * self.frequency).float()
        return torch.polar(torch.ones_like(angle), angle)[:, None]

    def embed(self, labels, stage):
        bits = torch.stack([labels >> (stage - 1 - j) & 1 for j in range(stage)], -1) * 2.0 if stage else torch.zeros(*labels.shape, 0)
        return torch.cat([bits, torch.ones(*labels.shape, self.last - stage)], -1)

    def final_canvas(self, canvas, labels, stage, classes):
        w, factors = self.w, self.w["scale_factors"]
        start = w["content_start_embed"].expand(len(classes), -1, -1) if stage == 0 else canvas.to(factors.dtype) * factors[stage]
        token = w["content_class_embed.weight"][classes]
        vec = token + w["content_stage_embed.weight"][stage]
        x, turns = torch.cat([token[:, None], w.linear("content_embed", start)], 1), self.turns(self.embed(labels, stage), [0])
        for block in self.content:
            x = block(x, vec, turns)
        return head(w.of("x0_head."), x[:, 1:], vec).float() / factors[-1].float()

    def velocity(self, z, canvas, labels, stage, t, classes, turns):
        w = self.w
        token = w["structure_class_embed.weight"][classes]
        frequency = torch.exp(-math.log(10000) * torch.arange(32) / 32)
        angle = 1000 * torch.full((len(classes), 1), t) * frequency
        time_embedding = torch.cat([angle.cos(), angle.sin()], -1).to(token.dtype)
        moment = w.linear("structure_time_embed.out_layer", F.silu(w.linear("structure_time_embed.in_layer", time_embedding)))
        vec = token + w["structure_stage_embed.weight"][stage] + moment
        x = torch.cat([token[:, None], w.linear("structure_content_cond_embed", canvas.to(token.dtype)), w.linear("structure_embed", z.to(token.dtype))], 1)
        for block in self.structure:
            x = block(x, vec, turns)
        return head(w.of("structure_head."), x[:, 1 + self.length:], vec).float()


def times(steps, length):
    mu = 0.5 + (1.15 - 0.5) * (length - 256) / (4096 - 256)
    return [math.exp(mu) / (math.exp(mu) + 1 / t - 1) if t > 0 else 0.0 for t in (1 - i / steps for i in range(steps + 1))]


def means(x, labels, clusters):
    sums = torch.zeros(x.shape[0], clusters, x.shape[-1]).scatter_add_(1, labels[..., None].expand_as(x), x)
    return sums * clusters / x.shape[1]


def split(labels, scores, clusters):
    half = labels.shape[1] // clusters // 2
    by_score = scores.sort(dim=1, descending=True, stable=True)[1]
    order = by_score.gather(1, labels.gather(1, by_score).sort(dim=1, stable=True)[1])
    upper = 1 - torch.arange(labels.shape[1]) // half % 2
    return labels * 2 + torch.zeros_like(labels).scatter_(1, order, upper.expand_as(labels).contiguous())


@torch.inference_mode()
def sample(generator, codebook, refiners, classes, noise, guidance, structure_guidance, steps):
    """Argmax tokens and generated structure. -> tokens per stage, structure per stage, final canvas"""
    g, count, length, last = generator, len(classes), generator.length, generator.last
    canvas, labels = torch.zeros(count, length, codebook.shape[1]), torch.zeros(count, length, dtype=torch.int64)
    null, tokens, maps = torch.full_like(classes, g.classes), [], []
    for stage in range(last + 1):
        clusters = 2 ** stage

        def logits(rows):
            return g.w.linear("cls_head.linear", means(rows - canvas, labels, clusters).to(g.w["cls_head.linear.weight"].dtype)).float()
        if guidance[stage] == 1:
            scores = logits(g.final_canvas(canvas, labels, stage, classes))
        else:
            both = g.final_canvas(canvas.repeat(2, 1, 1), labels.repeat(2, 1), stage, torch.cat([classes, null]))
            conditional, free = logits(both[:count]), logits(both[count:])
            scores = free + guidance[stage] * (conditional - free)
        tokens.append(scores.argmax(-1))
        h = codebook[tokens[-1].gather(1, labels)].transpose(1, 2).unflatten(2, (g.side, -1))
        weight, bias = refiners[stage]
        canvas = canvas + (h + 0.5 * F.conv2d(h, weight, bias, padding=1)).flatten(2).transpose(1, 2)
        if stage == last:
            break
        channel = noise[..., stage]
        if stage < last - 1:
            embedding = g.embed(labels, stage)
            known = embedding[..., :stage] - 1
            z = torch.cat([known, noise[..., stage:]], -1)
            guided = structure_guidance[stage] != 1
            rows = torch.cat([classes, null]) if guided else classes
            turns = g.turns(embedding.repeat(len(rows) // count, 1, 1), [2, 0])
            grid = times(steps, length)
            for now, after in zip(grid, grid[1:]):
                v = g.velocity(z.repeat(len(rows) // count, 1, 1), canvas.repeat(len(rows) // count, 1, 1), labels, stage, now, rows, turns)
                if guided:
                    v = v[count:] + structure_guidance[stage] * (v[:count] - v[count:])
                z = torch.cat([known, (z + (after - now) * v)[..., stage:]], -1)
            shifted = z[..., stage].clamp(-1, 1) + 1
            channel = shifted / torch.zeros(count, clusters).scatter_add_(1, labels, shifted).gather(1, labels)
        labels = split(labels, channel, clusters)
        maps.append(labels)
    return tokens, maps, canvas


def norm(w, name, x):
    weight = w[name + ".norm.weight"]
    return F.silu(F.group_norm(x.to(weight.dtype), 32, weight, w[name + ".norm.bias"], 1e-6))


def resnet(w, x):
    h = w.conv("conv2", norm(w, "norm2", w.conv("conv1", norm(w, "norm1", x), padding=1)), padding=1)
    return (w.conv("nin_shortcut", x) if "nin_shortcut.conv.weight" in w.tensors else x) + h


def middle(w, x):
    return resnet(w.of("mid.block_2."), resnet(w.of("mid.block_1."), x))


def encode(w, x, levels, blocks):
    x = w.conv("conv_in", x, padding=1)
    for level in range(levels):
        for block in range(blocks):
            x = resnet(w.of(f"down.{level}.block.{block}."), x)
        if level < levels - 1:
            x = w.of(f"down.{level}.downsample.").conv("conv", F.pad(x, (0, 1, 0, 1)), stride=2)
    return w.conv("conv_out", norm(w, "norm_out", middle(w, x)), padding=1)


def decode(w, x, levels, blocks):
    x = middle(w, w.conv("conv_in", x, padding=1))
    for level in reversed(range(levels)):
        for block in range(blocks + 1):
            x = resnet(w.of(f"up.{level}.block.{block}."), x)
        if level > 0:
            x = w.of(f"up.{level}.upsample.").conv("conv", F.interpolate(x, scale_factor=2.0), padding=1)
    return w.conv("conv_out", norm(w, "norm_out", x), padding=1)


def cluster(points):
    """Greedy clustering into pairs of equal size, level by level, all images at once. -> label of the last stage by position"""
    centres, joined, rows = points, [], torch.arange(len(points))
    while (count := centres.shape[1]) > 1:
        distances = torch.cdist(centres, centres, compute_mode="donot_use_mm_for_euclid_dist")
        distances.masked_fill_(torch.ones(count, count, dtype=torch.bool).tril(), math.inf)
        pairs = torch.empty(len(points), count // 2, 2, dtype=torch.int64)
        for m in range(count // 2):
            nearest = distances.flatten(1).argmin(1)
            pair = torch.stack([nearest // count, nearest % count], 1)
            pairs[:, m] = pair
            distances[rows[:, None], pair] = math.inf
            distances.transpose(1, 2)[rows[:, None], pair] = math.inf
        joined.append(pairs)
        centres = centres[rows[:, None, None], pairs].mean(2)
    labels = torch.zeros(len(points), 1, dtype=torch.int64)
    for pairs in reversed(joined):
        children = 2 * labels[..., None] + torch.arange(2)
        labels = torch.empty_like(pairs.flatten(1)).scatter_(1, pairs.flatten(1), children.flatten(1))
    return labels


def quantize(w, latent, labels, refiner_weight, commitment_weight):
    """Residual quantization of a latent map as in training. -> straight-through map, loss of each stage, tokens of each stage"""
    codebook, last = w["embedding.weight"], labels.shape[1].bit_length() - 1
    target = residual = latent.detach()
    canvas, losses, tokens = 0, [], []
    for stage in range(last + 1):
        at = labels >> (last - stage)
        with torch.no_grad():
            points = means(residual.flatten(2).transpose(1, 2), at, 2 ** stage).flatten(0, 1)
            norms = points.square().sum(1, keepdim=True) + codebook.square().sum(1)
            tokens.append(norms.addmm_(points, codebook.t(), alpha=-2).argmin(1).view(len(latent), -1))
        h = F.embedding(tokens[-1].gather(1, at), codebook).transpose(1, 2).reshape(latent.shape)
        refined = h + refiner_weight * F.conv2d(h, w[f"quant_resi.{stage}.weight"], w[f"quant_resi.{stage}.bias"], padding=1)
        canvas, residual = canvas + refined, residual - refined.detach()
        losses.append(commitment_weight * F.mse_loss(canvas.detach(), latent) + F.mse_loss(canvas, target))
    return latent + (canvas - latent).detach(), losses, tokens


def check(path):
    tensors, metadata = read(path)
    kinds = {"labels64": check_clustering, "fwd_f_hat": check_quantizer, "structure_noise": check_generator}
    kind = next((kinds[name] for name in kinds if name in tensors), None)
    if kind is None:
        raise SystemExit(f"{path} holds none of {', '.join(kinds)}")
    print(f"{path.name}: {kind(tensors, metadata)}")


def check_clustering(tensors, _):
    for points, labels in (("points", "labels"), ("points64", "labels64")):
        last = tensors[labels].shape[1] - 1
        found = cluster(tensors[points])
        for stage in range(last + 1):
            assert torch.equal(found >> (last - stage), tensors[labels][:, stage]), f"{labels} of stage {stage}"
    return "all structures equal"


def check_quantizer(tensors, metadata):
    parameters = trainable({n[6:]: t for n, t in tensors.items() if n.startswith("param.")})
    weights, latent = Weights({}), tensors["f"].clone().requires_grad_()
    weights.tensors = parameters
    labels = cluster(latent.detach().flatten(2).transpose(1, 2))
    assert torch.equal(labels, tensors["nvg_input"][:, -1, :, -1].long()), "structure"
    output, losses, tokens = quantize(weights, latent, labels, float(metadata["quant_resi"]), float(metadata["beta"]))
    for stage in range(len(tokens)):
        assert torch.equal(tokens[stage].flatten(), tensors[f"fwd_indices_{stage}"]), f"tokens of stage {stage}"
        close(losses[stage], tensors[f"fwd_vq_loss_{stage}"], 1e-5, 1e-5, f"loss of stage {stage}")
    loss = torch.stack(losses).mean()
    close(loss, tensors["fwd_loss"], 1e-5, 1e-5, "loss")
    close(output, tensors["fwd_f_hat"], 1e-5, 1e-5, "output")
    ((output * tensors["fwd_g"]).sum() + loss).backward()
    close(latent.grad, tensors["fwd_grad_z"], 1e-4, 1e-6, "gradient of the latent")
    close(parameters["embedding.weight"].grad, tensors["fwd_grad_embedding"], 1e-4, 1e-6, "gradient of the codebook")
    for stage in range(len(tokens)):
        for part in ("weight", "bias"):
            close(parameters[f"quant_resi.{stage}.{part}"].grad, tensors[f"fwd_grad_phi{stage}_{part}"], 1e-4, 1e-6, f"gradient of refiner {stage}")
    return "structure and all tokens equal, losses and gradients within rounding"


def close(found, expected, relative, absolute, what):
    assert torch.allclose(found.detach().flatten(), expected.flatten(), relative, absolute), what


def check_generator(tensors, metadata):
    weights = Weights({n[6:]: t for n, t in tensors.items() if n.startswith("param.")})
    generator = Generator(weights, weights["content_class_embed.weight"].shape[0] - 1)
    refiners = [(tensors[f"vq.quant_resi.{i}.weight"], tensors[f"vq.quant_resi.{i}.bias"]) for i in range(generator.last + 1)]
    tokens, maps, canvas = sample(
        generator, tensors["vq.embedding.weight"], refiners, tensors["class_label"], tensors["structure_noise"],
        tensors["content_cfg"].tolist(), tensors["structure_cfg"].tolist(), int(metadata["structure_sampling_step"]))
    for stage, (found, expected) in enumerate(zip(tokens, (tensors[f"pred_{i}"] for i in range(generator.last + 1)))):
        assert torch.equal(found.gather(1, maps[stage - 1] if stage else torch.zeros_like(expected)), expected), f"tokens of stage {stage}"
    for stage, found in enumerate(maps):
        assert torch.equal(found, tensors[f"structure_{stage}"]), f"structure after stage {stage}"
    return "all tokens and structures equal"


def clock(repeat, action):
    """The best seconds."""
    return min(clocks(repeat, {"": action})[""])


def clocks(repeat, actions):
    """The seconds of each action, in order; they take turns, so that what else the machine does meets all alike."""
    seconds = {name: [] for name in actions}
    for turn in range(repeat + 1):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            if turn > 0:  # the first is for warming up
                seconds[name].append(time.perf_counter() - start)
    return {name: sorted(times) for name, times in seconds.items()}


def bench(folder, repeat, whole, dtype):
    config = json.loads((folder / "config.json").read_text())
    sizes, grid = config["tokenizer"], config["generator"]
    tokenizer = read(folder / "tokenizer.safetensors")[0]
    generator = Generator(Weights(read(folder / "generator.safetensors")[0], dtype), grid["classCount"])
    refiners = [(tokenizer[f"quantize.quant_resi.{i}.weight"].float(), tokenizer[f"quantize.quant_resi.{i}.bias"].float()) for i in range(generator.last + 1)]
    codebook = tokenizer["quantize.embedding.weight"].float()
    convolutions = Weights(tokenizer, dtype)
    levels, blocks, length, channels = len(sizes["channelMultipliers"]), sizes["resNetBlocks"], generator.length, codebook.shape[1]
    torch.manual_seed(0)
    noise, canvas = torch.randn(1, length, generator.last), torch.randn(1, length, channels)
    image = torch.rand(1, 3, sizes["imageSize"], sizes["imageSize"], dtype=torch.float32) * 2 - 1
    latent = canvas.transpose(1, 2).unflatten(2, (generator.side, -1)).to(dtype)
    labels, rows = torch.arange(length)[None] // (length // 4), torch.tensor([0, generator.classes])
    linear = [1 + i / generator.last for i in range(generator.last + 1)]
    turns = generator.turns(generator.embed(labels, 2).repeat(2, 1, 1), [2, 0])
    encoder, decoder = Weights(tokenizer, torch.float32).of("encoder."), convolutions.of("decoder.")
    with torch.inference_mode():
        report = {
            "encode": clock(repeat, lambda: encode(encoder, image, levels, blocks)),
            "decode": clock(repeat, lambda: decode(decoder, latent, levels, blocks)),
            "content pass, guided": clock(repeat, lambda: generator.final_canvas(canvas.repeat(2, 1, 1), labels.repeat(2, 1), 2, rows)),
            "structure pass, guided": clock(repeat, lambda: generator.velocity(noise.repeat(2, 1, 1), canvas.repeat(2, 1, 1), labels, 2, 0.5, rows, turns)),
        }
        if whole:
            def image_of_class():
                canvas_end = sample(generator, codebook, refiners, torch.tensor([0]), noise, [1 + 2.5 * (g - 1) for g in linear], [1 + 1.5 * (g - 1) for g in linear], 25)[2]
                decode(decoder, canvas_end.transpose(1, 2).unflatten(2, (generator.side, -1)).to(dtype), levels, blocks)
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
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
            loss = loss_of()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(leaves, 1.0)
        optimizer.step()
    return step


def trainable(tensors):
    return {n: t.float().requires_grad_() if t.is_floating_point() and n != "scale_factors" else t for n, t in tensors.items()}


def bench_training(folder, repeat, batch, dtype):
    """The tokenizer, and what its structure construction and its quantizer take of that; the generator with two content
    stages and one structure stage per image."""
    config = json.loads((folder / "config.json").read_text())
    sizes = config["tokenizer"]
    levels, blocks, side = len(sizes["channelMultipliers"]), sizes["resNetBlocks"], sizes["imageSize"]
    torch.manual_seed(0)
    images = torch.rand(batch, 3, side, side) * 2 - 1
    parts = trainable(read(folder / "tokenizer.safetensors")[0])
    tokenizer = Weights({})
    tokenizer.tensors = parts
    encoder, decoder, quantizer = tokenizer.of("encoder."), tokenizer.of("decoder."), tokenizer.of("quantize.")
    without = {n: t for n, t in parts.items() if n.startswith(("encoder.", "decoder."))}
    with torch.no_grad():
        known = cluster(encode(encoder, images, levels, blocks).flatten(2).transpose(1, 2))

    def pixel_loss(latent):
        decoded = decode(decoder, latent, levels, blocks).float()
        return (decoded - images).abs().mean() + (decoded - images).square().mean()

    def tokenizer_loss(given=None):
        latent = encode(encoder, images, levels, blocks).float()
        with torch.autocast("cpu", enabled=False):
            labels = cluster(latent.detach().flatten(2).transpose(1, 2)) if given is None else given
            output, losses, _ = quantize(quantizer, latent, labels, 0.5, 0.25)
            quantizer_loss = torch.stack(losses).mean()
        return pixel_loss(output) + quantizer_loss

    weights = Weights({})
    weights.tensors = trainable(read(folder / "generator.safetensors")[0])
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
        ("tokenizer without quantizer", without, lambda: pixel_loss(encode(encoder, images, levels, blocks))),
        ("generator", weights.tensors, generation_loss))}
    return {name: {"best": batch / seconds[0], "median": batch / seconds[len(seconds) // 2]} for name, seconds in clocks(repeat, steps).items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=pathlib.Path)
    parser.add_argument("--check", type=pathlib.Path, nargs="+", default=[], metavar="FIXTURE")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--train", action="store_true", help="time training steps instead")
    parser.add_argument("--batch", type=int, default=64, help="images of a training step")
    parser.add_argument("--no-whole", action="store_true", help="leave the whole image out")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for path in arguments.check:
        check(path)
    if arguments.model and arguments.train:
        rates = bench_training(arguments.model, arguments.repeat, arguments.batch, getattr(torch, arguments.dtype))
        print(json.dumps({"torch": torch.__version__, "threads": arguments.threads, "dtype": arguments.dtype, "images per second": rates}, indent=2))
    elif arguments.model:
        seconds = bench(arguments.model, arguments.repeat, not arguments.no_whole, getattr(torch, arguments.dtype))
        print(json.dumps({"torch": torch.__version__, "threads": arguments.threads, "dtype": arguments.dtype, "seconds": seconds}, indent=2))
