"""Encoder, decoder, and residual quantization along structure maps."""
import torch
import torch.nn.functional as F

from .margins import UNCHECKED
from .structure import means


def norm(w, name, x, groups):
    weight = w[name + ".norm.weight"]
    return F.silu(F.group_norm(x.to(weight.dtype), groups, weight, w[name + ".norm.bias"], 1e-6))


def resnet(w, x, groups):
    h = w.conv("conv2", norm(w, "norm2", w.conv("conv1", norm(w, "norm1", x, groups), padding=1), groups), padding=1)
    return (w.conv("nin_shortcut", x) if "nin_shortcut.conv.weight" in w else x) + h


def middle(w, x, groups):
    return resnet(w.of("mid.block_2."), resnet(w.of("mid.block_1."), x, groups), groups)


def encode(w, x, levels, blocks, groups=32):
    """Images in [−1, 1], N × 3 × H × W -> latent, N × C × h × w"""
    x = w.conv("conv_in", x, padding=1)
    for level in range(levels):
        for block in range(blocks):
            x = resnet(w.of(f"down.{level}.block.{block}."), x, groups)
        if level < levels - 1:
            x = w.of(f"down.{level}.downsample.").conv("conv", F.pad(x, (0, 1, 0, 1)), stride=2)
    return w.conv("conv_out", norm(w, "norm_out", middle(w, x, groups), groups), padding=1)


def decode(w, x, levels, blocks, groups=32):
    """Latent -> images, not clamped"""
    x = middle(w, w.conv("conv_in", x, padding=1), groups)
    for level in reversed(range(levels)):
        for block in range(blocks + 1):
            x = resnet(w.of(f"up.{level}.block.{block}."), x, groups)
        if level > 0:
            x = w.of(f"up.{level}.upsample.").conv("conv", F.interpolate(x, scale_factor=2.0), padding=1)
    return w.conv("conv_out", norm(w, "norm_out", x, groups), padding=1)


def refine(h, weight, bias, share):
    """φ(h) = h + share · conv(h). h: N × C × h × w"""
    return h + share * F.conv2d(h, weight, bias, padding=1)


def positions(maps):
    """N × C × h × w -> N × L × C"""
    return maps.flatten(2).transpose(1, 2)


def to_map(x, side):
    """N × L × C -> N × C × h × w"""
    return x.transpose(1, 2).unflatten(2, (side, -1))


def nearest(points, codebook, margins=UNCHECKED):
    """points: M × C -> tokens, M, and squared distances, M × V"""
    distances = (points.square().sum(1, keepdim=True) + codebook.square().sum(1)).addmm(points, codebook.t(), alpha=-2)
    margins.smallest("code", distances)
    return distances.argmin(1), distances


def quantize(w, latent, labels, refiner_weight, commitment_weight, warm_up=False, margins=UNCHECKED):
    """Residual quantization of a latent map as in training; labels are those of the last stage.
    -> straight-through map, loss of each stage, tokens of each stage (B × 2^i), canvas map after each stage"""
    codebook, last = w["embedding.weight"], labels.shape[1].bit_length() - 1
    target = residual = latent.detach()
    canvas, canvases, losses, tokens = 0, [], [], []
    for stage in range(last + 1):
        at = labels >> (last - stage)
        points = means(positions(residual), at, 2 ** stage).flatten(0, 1)
        with torch.set_grad_enabled(warm_up):
            chosen, distances = nearest(points, codebook, margins)
        tokens.append(chosen.view(len(latent), -1))
        h = F.embedding(tokens[-1].gather(1, at), codebook)
        if warm_up:
            # The hard choice keeps its value and receives the gradient of a softmax over all codes as well.
            soft = torch.softmax(-distances, 1)
            choice = ((soft - soft.detach()) @ codebook).view(len(latent), 2 ** stage, -1)
            h = h + choice.gather(1, at[..., None].expand_as(h))
        h = h.transpose(1, 2).reshape(latent.shape)
        refined = refine(h, w[f"quant_resi.{stage}.weight"], w[f"quant_resi.{stage}.bias"], refiner_weight)
        canvas = canvas + refined
        residual = residual - (refined if warm_up else refined.detach())
        canvases.append(canvas)
        losses.append(commitment_weight * F.mse_loss(canvas.detach(), latent) + F.mse_loss(canvas, target))
    return latent + (canvas - latent).detach(), losses, tokens, canvases
