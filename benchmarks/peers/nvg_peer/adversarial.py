"""Losses of the adversarial part of the tokenizer's training, and the augmentation in front of the discriminator."""
import torch
import torch.nn.functional as F

LARGEST_SHIFT, COVERED = 0.125, 0.2


def hinge(real, fake):
    return (F.relu(1 - real).mean() + F.relu(1 + fake).mean()) / 2


def vanilla(real, fake):
    return (F.softplus(-real).mean() + F.softplus(fake).mean()) / 2


def non_saturating(fake):
    """The logits of an image are averaged first."""
    return F.softplus(-fake.mean(1)).mean()


class Lecam:
    """Running averages of both kinds of logits, which move before the penalty of the same batch is taken."""

    def __init__(self, decay, start=0.0):
        self.decay, self.real, self.fake = decay, torch.tensor(start), torch.tensor(start)

    def update(self, real, fake):
        self.real = self.decay * self.real + (1 - self.decay) * real.detach().mean()
        self.fake = self.decay * self.fake + (1 - self.decay) * fake.detach().mean()
        return F.relu(real - self.fake).square().mean() + F.relu(self.real - fake).square().mean()


def augment(images, kinds, draws):
    """DiffAug. kinds: whether to shift, recolour and cover; draws: 7 × N × 1 × 1, uniform in [0, 1)"""
    moves, recolours, covers = kinds
    if moves:
        images = shift(images, draws[0].flatten(), draws[1].flatten())
    if recolours:
        images = recolour(images, *(d[..., None] for d in draws[2:5]))
    if covers:
        images = images * uncovered(images, draws[5].flatten(), draws[6].flatten())
    return images


def shift(images, row_draw, column_draw):
    """Every image moves by up to an eighth of its side; zeros come in."""
    moved = []
    for image, draws in zip(images, zip(row_draw.tolist(), column_draw.tolist())):
        rows, columns = (offset(draw, side) for draw, side in zip(draws, image.shape[1:]))
        height, width = image.shape[1:]
        padded = F.pad(image, (width, width, height, height))
        moved.append(padded[:, height + rows:2 * height + rows, width + columns:2 * width + columns])
    return torch.stack(moved)


def offset(draw, side):
    most = round(side * LARGEST_SHIFT)
    return int(draw * (2 * most + 1)) - most


def recolour(images, brightness, saturation, contrast):
    """Brightness ± 0.5, saturation × 0 … 2, contrast × 0.5 … 1.5"""
    images = images + brightness - 0.5
    grey = images.mean(1, keepdim=True)
    images = (images - grey) * saturation * 2 + grey
    mean = images.mean((1, 2, 3), keepdim=True)
    return (images - mean) * (contrast + 0.5) + mean


def uncovered(images, row_draw, column_draw):
    """Zero inside one rectangle per image, else one. Rectangles that reach over the edge always cover the edge itself."""
    mask = torch.ones(len(images), 1, *images.shape[2:])
    for one, draws in zip(mask, zip(row_draw.tolist(), column_draw.tolist())):
        (top, bottom), (left, right) = (covered(draw, side) for draw, side in zip(draws, images.shape[2:]))
        one[:, top:bottom + 1, left:right + 1] = 0
    return mask


def covered(draw, side):
    """-> first and last covered position"""
    size = int(side * COVERED + 0.5)
    first = int(draw * (side + 1 - size % 2)) - size // 2
    return min(max(first, 0), side - 1), min(max(first + size - 1, 0), side - 1)
