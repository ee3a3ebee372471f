"""Structure maps: construction from points, embedding, means over clusters, and splits by score."""
import math

import torch

from .margins import UNCHECKED


def cluster(points, margins=UNCHECKED):
    """Greedy clustering into pairs of equal size, level by level, all images at once. points: B × L × C -> last stage's labels, B × L"""
    centres, joined, rows = points, [], torch.arange(len(points))
    while (count := centres.shape[1]) > 1:
        distances = torch.cdist(centres, centres, compute_mode="donot_use_mm_for_euclid_dist")
        distances.masked_fill_(torch.ones(count, count, dtype=torch.bool).tril(), math.inf)
        pairs = torch.empty(len(points), count // 2, 2, dtype=torch.int64)
        for m in range(count // 2):
            if m < count // 2 - 1:
                margins.smallest("pair", distances.flatten(1))
            nearest = distances.flatten(1).argmin(1)
            pair = torch.stack([nearest // count, nearest % count], 1)
            pairs[:, m] = pair
            distances[rows[:, None], pair] = math.inf
            distances.transpose(1, 2)[rows[:, None], pair] = math.inf
        joined.append(pairs)
        # Clusters have equal sizes, so the mean of two means is the mean of all members.
        centres = centres[rows[:, None, None], pairs].mean(2)
    labels = torch.zeros(len(points), 1, dtype=torch.int64)
    for pairs in reversed(joined):
        children = 2 * labels[..., None] + torch.arange(2)
        labels = torch.empty_like(pairs.flatten(1)).scatter_(1, pairs.flatten(1), children.flatten(1))
    return labels


def all_stages(labels):
    """Labels of the last stage, B × L -> labels of every stage, B × S × L"""
    last = last_stage(labels.shape[1])
    return torch.stack([labels >> (last - stage) for stage in range(last + 1)], 1)


def last_stage(length):
    return length.bit_length() - 1


def embed(labels, stage, last):
    """Labels of a stage -> one channel per split, most significant bit first: 0 or 2 where known, else 1"""
    bits = torch.stack([labels >> (stage - 1 - j) & 1 for j in range(stage)], -1) * 2.0 if stage else torch.zeros(*labels.shape, 0)
    return torch.cat([bits, torch.ones(*labels.shape, last - stage)], -1)


def means(x, labels, clusters):
    """x: N × L × C -> mean of every cluster, N × clusters × C"""
    sums = torch.zeros(x.shape[0], clusters, x.shape[-1]).scatter_add_(1, labels[..., None].expand_as(x), x)
    return sums * clusters / x.shape[1]


def scores(labels, channel, clusters):
    """What ranks the positions of a cluster: the predicted channel, clamped, shifted to [0, 2] and normalised in its cluster."""
    shifted = channel.clamp(-1, 1) + 1
    return shifted / torch.zeros(len(labels), clusters).scatter_add_(1, labels, shifted).gather(1, labels)


def ordered(labels, ranked):
    """Positions by label and, within a label, by falling score"""
    by_score = ranked.sort(dim=1, descending=True, stable=True)[1]
    return by_score.gather(1, labels.gather(1, by_score).sort(dim=1, stable=True)[1])


def split_gaps(labels, ranked, clusters):
    """How far apart the scores of the two halves of every cluster are."""
    halves = ranked.gather(1, ordered(labels, ranked)).unflatten(1, (clusters, 2, -1))
    return halves[:, :, 0].amin(-1) - halves[:, :, 1].amax(-1)


def split(labels, ranked, clusters):
    """The upper half of each cluster by score becomes child 2j + 1, the rest 2j; equal scores go by position."""
    half, order = labels.shape[1] // clusters // 2, ordered(labels, ranked)
    upper = 1 - torch.arange(labels.shape[1]) // half % 2
    return labels * 2 + torch.zeros_like(labels).scatter_(1, order, upper.expand_as(labels).contiguous())
