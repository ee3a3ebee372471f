"""The content and the structure generator: transformer blocks with structure-aware rotary embedding."""
import math

import torch
import torch.nn.functional as F

from .structure import embed, last_stage, means

TYPE_CHANNELS, THETA = 8, 10000.0
LATENT, CANVAS_CONDITION = 0, 2  # token types, as positions on the first rotary axis


class Block:
    def __init__(self, weights, head):
        self.w, self.width, self.head = weights, weights["linear1.weight"].shape[1], head

    def __call__(self, x, vec, turns):
        w, width = self.w, self.width
        shift, scale, gate = w.linear("modulation.lin", F.silu(vec))[:, None].chunk(3, -1)
        y = (1 + scale) * F.layer_norm(x, (width,), eps=1e-6) + shift
        projected = w.linear("linear1", y)
        q, k, v, m = projected.split([width, width, width, projected.shape[-1] - 3 * width], -1)
        q, k, v = (t.unflatten(-1, (-1, self.head)).transpose(1, 2) for t in (q, k, v))
        q, k = turn(rms(q, w["norm.query_norm.scale"]), turns), turn(rms(k, w["norm.key_norm.scale"]), turns)
        attention = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(self.head), -1) @ v
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


def sinusoid(t):
    """Times in [0, 1], N -> N × 64, cosines first"""
    frequency = torch.exp(-math.log(THETA) * torch.arange(32) / 32)
    angle = 1000 * t[:, None] * frequency
    return torch.cat([angle.cos(), angle.sin()], -1)


class Rotary:
    """Channels of a head divided among axes: token type, one per structure channel, row, column."""

    def __init__(self, length, head_size):
        self.length, self.last, self.side = length, last_stage(length), math.isqrt(length)
        rest = head_size - TYPE_CHANNELS - 2 * self.last
        self.sizes = [TYPE_CHANNELS] + [2] * self.last + [rest // 4 * 2, rest - rest // 4 * 2]
        self.axis = torch.tensor([a for a, size in enumerate(self.sizes) for _ in range(size // 2)])
        self.frequency = torch.tensor([THETA ** (-2 * j / size) for size in self.sizes for j in range(size // 2)], dtype=torch.float64)

    def ids(self, embedding, types):
        """Positions on every axis of a class token and of one block of latent positions per type. embedding: N × L × K"""
        count, place = len(embedding), torch.arange(self.length)
        places = torch.stack([place // self.side, place % self.side], -1).float().expand(count, -1, -1)
        ids = [torch.ones(count, 1, self.last + 3)]
        ids += [torch.cat([torch.full((count, self.length, 1), float(t)), embedding, places], -1) for t in types]
        return torch.cat(ids, 1)

    def turns(self, embedding, types):
        """Unit complex numbers, N × 1 × T × head / 2"""
        angle = (self.ids(embedding, types)[..., self.axis].double() * self.frequency).float()
        return torch.polar(torch.ones_like(angle), angle)[:, None]


class Generator:
    def __init__(self, weights, classes):
        self.w, self.classes = weights, classes
        self.length, self.last = weights["content_start_embed"].shape[1], weights["content_stage_embed.weight"].shape[0] - 1
        self.side = math.isqrt(self.length)
        self.content, self.structure = self.blocks("content_blocks."), self.blocks("structure_blocks.")
        self.rotary = Rotary(self.length, self.content[0].head)
        self.turns = self.rotary.turns

    def blocks(self, prefix):
        stack = [self.w.of(f"{prefix}{i}.") for i in self.w.numbers(prefix)]
        return [Block(w, len(w["norm.query_norm.scale"])) for w in stack]

    def embed(self, labels, stage):
        return embed(labels, stage, self.last)

    def final_canvas(self, canvas, labels, stage, classes, hidden=None):
        """Predicted final canvas, N × L × C, then the token features of a model that has them. `hidden` receives every block's output at the latent positions."""
        w, factors = self.w, self.w["scale_factors"]
        start = w["content_start_embed"].expand(len(classes), -1, -1) if stage == 0 else canvas.to(factors.dtype) * factors[stage]
        token = w["content_class_embed.weight"][classes]
        vec = token + w["content_stage_embed.weight"][stage]
        x, turns = torch.cat([token[:, None], w.linear("content_embed", start)], 1), self.turns(self.embed(labels, stage), [LATENT])
        for block in self.content:
            x = block(x, vec, turns)
            if hidden is not None:
                hidden.append(x[:, 1:])
        return head(w.of("x0_head."), x[:, 1:], vec).float() / factors[-1].float()

    def logits(self, predicted, canvas, labels, stage):
        """Logits of every cluster's code, N × 2^stage × V"""
        channels = canvas.shape[-1]
        evidence = torch.cat([predicted[..., :channels] - canvas, predicted[..., channels:]], -1)
        mean = means(evidence, labels, 2 ** stage)
        return self.w.linear("cls_head.linear", mean.to(self.w["cls_head.linear.weight"].dtype)).float()

    def velocity(self, z, canvas, labels, stage, t, classes, turns=None):
        """Velocity ε − s at time t (a number, or one per sequence), N × L × K. `labels` are those of `stage`.
        The inputs of a distilled model, length of the step and guidance, are left out: its steps cost the same."""
        w = self.w
        token = w["structure_class_embed.weight"][classes]
        times = t if torch.is_tensor(t) else torch.full((len(classes),), t)
        moment = F.silu(w.linear("structure_time_embed.in_layer", sinusoid(times).to(token.dtype)))
        vec = token + w["structure_stage_embed.weight"][stage] + w.linear("structure_time_embed.out_layer", moment)
        condition = w.linear("structure_content_cond_embed", canvas.to(token.dtype))
        x = torch.cat([token[:, None], condition, w.linear("structure_embed", z.to(token.dtype))], 1)
        if turns is None:
            turns = self.structure_turns(labels, stage)
        for block in self.structure:
            x = block(x, vec, turns)
        return head(w.of("structure_head."), x[:, 1 + self.length:], vec).float()

    def structure_turns(self, labels, stage):
        return self.turns(self.embed(labels, stage), [CANVAS_CONDITION, LATENT])
