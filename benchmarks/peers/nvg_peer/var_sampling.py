"""VAR's generation loop, with masked editing."""
import math

import torch
import torch.nn.functional as F

from .margins import UNCHECKED
from .sampling import ignore, keep_top_k, keep_top_p


def filtered(logits, k, p, margins=UNCHECKED):
    """0 switches a filter off."""
    if 0 < k < logits.shape[-1]:
        logits = keep_top_k(logits, k, margins)
    return keep_top_p(logits, p, margins) if 0 < p < 1 else logits


def draw(logits, uniform, margins=UNCHECKED):
    """The number of codes whose cumulative probability is at most a uniform number"""
    cumulative = logits.double().softmax(-1).cumsum(-1)
    target = uniform.double()[..., None] * cumulative[..., -1:]
    margins.gap("draw", lambda: (cumulative - target)[logits > -math.inf].abs())
    return (cumulative <= target).sum(-1)


def mixed(logits, gumbel, position, codebook):
    """Soft mixtures of codes, of filtered logits"""
    temperature = max(0.27 * (1 - 0.95 * position), 0.005)
    return ((logits * (1 + position) + gumbel) / temperature).softmax(-1) @ codebook


def kept(mask, side):
    """Where the tokens of a scale are kept. mask: B × n × n -> B × p²"""
    if side * side <= 3:
        return torch.ones(len(mask), side * side, dtype=torch.bool)
    return (F.interpolate(mask[:, None].float(), size=(side, side), mode="bilinear", align_corners=False)[:, 0] > 0.5).flatten(1)


def box_mask(side, box, inside_is_new):
    """Box in fractions (top, left, bottom, right) -> n × n, 1 where the image is kept"""
    top, left, bottom, right = (round(edge * side) for edge in box)
    mask = torch.full((side, side), float(inside_is_new))
    mask[top:bottom, left:right] = float(not inside_is_new)
    return mask


@torch.inference_mode()
def sample(transformer, scales, classes, cfg, k=1, p=0.0, uniform=None, gumbel=None, given=None, mask=None, observe=ignore,
           margins=UNCHECKED):
    """k = 1 is argmax, otherwise `uniform` has a number for every token of each scale. With `gumbel` codes are mixed instead of
    drawn. `given` are tokens that are kept where `mask` (B × n × n) is 1. -> tokens of each scale, final canvas"""
    last = len(scales.sides) - 1
    condition = transformer.condition(torch.cat([classes, torch.full_like(classes, transformer.classes)]))
    canvas, tokens, cache = None, [], {}
    for i, side in enumerate(scales.sides):
        pooled = None if canvas is None else scales.pooled(canvas, i)
        conditional, free = transformer.step(i, condition, None if pooled is None else pooled.repeat(2, 1, 1), cache).chunk(2)
        t = cfg * i / last
        logits = (1 + t) * conditional - t * free
        if k == 1:
            margins.largest("token", logits)
            numbers = logits.argmax(-1)
        else:
            allowed = filtered(logits, k, p, margins)
            numbers = draw(allowed, uniform[i], margins) if uniform else logits.argmax(-1)
        rows = scales.codebook[numbers] if gumbel is None else mixed(filtered(logits, k, p), gumbel[i], i / last, scales.codebook)
        if mask is not None:
            rows = torch.where(kept(mask, side)[..., None], scales.codebook[given[i]], rows)
        added = scales.contribution(rows, i)
        canvas = added if canvas is None else canvas + added
        tokens.append(numbers)
        for name, value in (("input", pooled), ("logits", logits), ("tokens", numbers), ("f_hat", canvas)):
            if value is not None:
                observe(name, i, value)
    return tokens, canvas
