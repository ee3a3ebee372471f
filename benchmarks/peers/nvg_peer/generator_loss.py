"""The joint training pass of both generators."""
import torch
import torch.nn.functional as F

from .structure import embed

ALIGNMENT_WEIGHT = 0.5


def project(w, x):
    """Hidden states -> features of the frozen image encoder"""
    return w.linear("projector.4", F.silu(w.linear("projector.2", F.silu(w.linear("projector.0", x)))))


def content_stage(g, stage, canvas, labels, tokens, final, classes, target=None, block=0):
    """Terms of one stage. tokens: B × L, the code at every position; target: features to align with, after `block` (from 1)."""
    hidden = []
    predicted = g.final_canvas(canvas, labels, stage, classes, hidden)
    logits = g.logits(predicted, canvas, labels, stage)
    of_cluster = torch.zeros(len(labels), 2 ** stage, dtype=torch.int64).scatter_(1, labels, tokens)
    terms = {
        "final_loss": F.mse_loss(predicted[..., :final.shape[-1]], final),
        "ce_loss": F.cross_entropy(logits.flatten(0, 1), of_cluster.flatten()),
        "ce_acc": (logits.argmax(-1) == of_cluster).float().mean(),
    }
    features = None
    if target is not None:
        features = project(g.w, hidden[block - 1])
        terms["repa_loss"] = (1 - F.cosine_similarity(features, target, -1)).mean()
    return predicted, logits, features, terms


def structure_stage(g, stage, canvas, labels, finest, epsilon, t, classes):
    """Flow matching of the structure that follows `stage`. canvas: after the stage; finest: labels of the last stage; t: B
    -> predicted and true clean embedding, loss"""
    target = embed(finest, g.last, g.last) - 1
    # Known channels are given instead of noise.
    noise = torch.cat([target[..., :stage], epsilon[..., stage:]], -1)
    at = t[:, None, None]
    z = at * noise + (1 - at) * target
    clean = noise - g.velocity(z, canvas, labels, stage, t, classes)
    return clean, target, F.mse_loss(clean, target)


def total(content_terms, structure_losses):
    """Terms of every stage, losses of every structure stage -> the loss"""
    stages = len(content_terms)
    loss = sum(t["final_loss"] + t["ce_loss"] + ALIGNMENT_WEIGHT * t.get("repa_loss", 0) for t in content_terms)
    return (loss + sum(structure_losses) * stages / (stages - 2)) / stages
