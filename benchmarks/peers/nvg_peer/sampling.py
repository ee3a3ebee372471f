"""From noise to tokens, structure maps and a canvas."""
import math

import torch

from .margins import UNCHECKED
from .structure import scores, split, split_gaps
from .tokenizer import positions, refine, to_map


def times(steps, length, shifted=True):
    """Times of the Euler steps from 1 to 0."""
    mu = 0.5 + (1.15 - 0.5) * (length - 256) / (4096 - 256)
    grid = [1 - i / steps for i in range(steps + 1)]
    return [math.exp(mu) / (math.exp(mu) + 1 / t - 1) if t > 0 else 0.0 for t in grid] if shifted else grid


def top_p_schedule(start, end, last):
    return [end + (start - end) * (last - last ** (i / last)) / (last - 1) for i in range(last + 1)]


def learning_rate(step, warmup, hold, total, start, peak, final):
    """Linear warm-up, constant, linear decay."""
    if step < warmup:
        return start + (peak - start) * step / warmup
    decayed = (step - warmup - hold) / (total - warmup - hold)
    return peak + (final - peak) * min(max(decayed, 0), 1)


def keep_top_k(logits, k, margins=UNCHECKED):
    """Ties with the k-th stay."""
    ordered = logits.sort(-1, descending=True)[0]
    margins.gap("top-k", lambda: ordered[..., k - 1] - ordered[..., k])
    return logits.masked_fill(logits < ordered[..., k - 1:k], -math.inf)


def keep_top_p(logits, p, margins=UNCHECKED):
    """Keeps the most likely codes up to and including the first at which the sum of probabilities crosses p."""
    ordered, order = logits.sort(-1, descending=True)
    probabilities = ordered.softmax(-1)
    before = probabilities.cumsum(-1) - probabilities
    margins.gap("top-p", lambda: (before - p)[probabilities > 0].abs())
    return torch.empty_like(logits).scatter_(-1, order, ordered.masked_fill(before > p, -math.inf))


def ignore(*_):
    pass


@torch.inference_mode()
def sample(generator, codebook, refiners, classes, noise, guidance, structure_guidance, steps,
           refiner_weight=0.5, both=False, observe=ignore, margins=UNCHECKED):
    """Argmax tokens and generated structure. `refiners` are pairs of weight and bias, `noise` is B × L × K.
    `both` runs the unconditional pass also where guidance is 1; `observe(name, tensor)` receives what each stage computes.
    -> tokens per stage, structure per stage, final canvas"""
    g, count, length, last = generator, len(classes), generator.length, generator.last
    canvas, labels = torch.zeros(count, length, codebook.shape[1]), torch.zeros(count, length, dtype=torch.int64)
    null, tokens, maps = torch.full_like(classes, g.classes), [], []
    for stage in range(last + 1):
        if both or guidance[stage] != 1:
            rows = torch.cat([classes, null])
            predicted = g.final_canvas(canvas.repeat(2, 1, 1), labels.repeat(2, 1), stage, rows)
            conditional, free = (g.logits(half, canvas, labels, stage) for half in predicted.chunk(2))
            logits = free + guidance[stage] * (conditional - free)
        else:
            predicted = g.final_canvas(canvas, labels, stage, classes)
            logits = g.logits(predicted, canvas, labels, stage)
        margins.largest("token", logits)
        tokens.append(logits.argmax(-1))
        at_positions = tokens[-1].gather(1, labels)
        canvas = canvas + positions(refine(to_map(codebook[at_positions], g.side), *refiners[stage], refiner_weight))
        for name, value in (("logits", logits), ("x0_hat", predicted), ("pred", at_positions), ("canvas", canvas)):
            observe(f"{name}_{stage}", value)
        if stage == last:
            break
        channel = ranked = clamped = noise[..., stage]
        if stage < last - 1:
            channel = structure_channel(g, canvas, labels, stage, classes, noise, structure_guidance[stage], steps)
            ranked, clamped = scores(labels, channel, 2 ** stage), channel.clamp(-1, 1)
        # The margin before the division by the cluster's sum, which makes margin and rounding smaller alike.
        margins.gap("split", lambda: split_gaps(labels, clamped, 2 ** stage))
        labels = split(labels, ranked, 2 ** stage)
        observe(f"structure_score_{stage}", channel)
        observe(f"structure_{stage}", labels)
        maps.append(labels)
    return tokens, maps, canvas


def structure_channel(g, canvas, labels, stage, classes, noise, guidance, steps):
    """Rectified flow from the image's noise to the channel that splits the clusters of `stage`, B × L"""
    count, embedding = len(classes), g.embed(labels, stage)
    known = embedding[..., :stage] - 1
    z = torch.cat([known, noise[..., stage:]], -1)
    guided = guidance != 1
    rows = torch.cat([classes, torch.full_like(classes, g.classes)]) if guided else classes
    copies = len(rows) // count
    turns = g.structure_turns(labels.repeat(copies, 1), stage)
    grid = times(steps, g.length)
    for now, after in zip(grid, grid[1:]):
        v = g.velocity(z.repeat(copies, 1, 1), canvas.repeat(copies, 1, 1), labels, stage, now, rows, turns)
        if guided:
            v = v[count:] + guidance * (v[:count] - v[count:])
        z = torch.cat([known, (z + (after - now) * v)[..., stage:]], -1)
    return z[..., stage]
