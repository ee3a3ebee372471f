"""The projected discriminator: heads on what a frozen DINO vision transformer sees."""
import math

import torch
import torch.nn.functional as F

MEAN, DEVIATION = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
KERNEL, TOGETHER = 9, 8


def normalisation():
    """-> factor and summand that lead from images in [−1, 1] to ImageNet's normalisation of [0, 1]"""
    return (0.5 / DEVIATION).view(1, 3, 1, 1), ((0.5 - MEAN) / DEVIATION).view(1, 3, 1, 1)


def activations(w, images, heads, key_blocks, side):
    """What the heads look at, each N × W × T: before the first block and after the key blocks. Images smaller than `side` only."""
    x = F.interpolate(images * w["x_scale"] + w["x_shift"], size=(side, side), mode="bicubic")
    patch = w["patch_embed.proj.weight"]
    x = F.conv2d(x, patch, w["patch_embed.proj.bias"], stride=patch.shape[-1]).flatten(2).transpose(1, 2)
    x = torch.cat([w["cls_token"].expand(len(x), -1, -1), x], 1) + w["pos_embed"]
    seen = [readout(x)]
    for i in w.numbers("blocks."):
        x = block(w.of(f"blocks.{i}."), x, heads)
        if i in key_blocks:
            seen.append(readout(x))
    return seen


def block(w, x, heads):
    width = x.shape[-1]
    qkv = w.linear("attn.qkv", F.layer_norm(x, (width,), w["norm1.weight"], w["norm1.bias"], 1e-6))
    q, k, v = qkv.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)
    attention = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1) @ v
    x = x + w.linear("attn.proj", attention.transpose(1, 2).flatten(2))
    y = F.layer_norm(x, (width,), w["norm2.weight"], w["norm2.bias"], 1e-6)
    return x + w.linear("mlp.fc2", F.gelu(w.linear("mlp.fc1", y), approximate="tanh"))


def readout(x):
    """Patch tokens plus class token."""
    return (x[:, 1:] + x[:, :1]).transpose(1, 2)


class Heads:
    """`training` takes one step of power iteration before every use of a weight, as training does; the vectors then move."""

    def __init__(self, weights):
        self.w = weights

    def weight(self, name, training=False):
        """The weight divided by its largest singular value."""
        weight, u, v = (self.w[f"{name}.weight_{part}"] for part in ("orig", "u", "v"))
        matrix = weight.flatten(1)
        if training:
            with torch.no_grad():
                v = F.normalize(matrix.t() @ u, dim=0, eps=1e-12)
                u = F.normalize(matrix @ v, dim=0, eps=1e-12)
            self.w.tensors |= {f"{name}.weight_u": u, f"{name}.weight_v": v}
        return weight / (u @ matrix @ v)

    def layer(self, name, x, training):
        weight = self.weight(name, training)
        half = weight.shape[-1] // 2
        return F.conv1d(F.pad(x, (half, half), mode="circular") if half else x, weight, self.w[name + ".bias"])

    def normalised(self, name, x, training):
        x = batch_norm(self.layer(f"{name}.0", x, training), self.w[f"{name}.1.weight"], self.w[f"{name}.1.bias"])
        return F.leaky_relu(x, 0.2)

    def logits(self, index, activation, training=False):
        h = self.normalised(f"{index}.0", activation, training)
        h = (self.normalised(f"{index}.1.fn", h, training) + h) / math.sqrt(2)
        return self.layer(f"{index}.2", h, training).flatten(1)


def batch_norm(x, weight, bias):
    """By the statistics of at most eight images at a time, which are at hand: there are no running averages."""
    groups = -(-len(x) // TOGETHER)
    parts = x.unflatten(0, (groups, -1))
    variance, mean = torch.var_mean(parts, (1, 3), unbiased=False, keepdim=True)
    return ((parts - mean) / torch.sqrt(variance + 1e-6) * weight[:, None] + bias[:, None]).flatten(0, 1)
