"""VAR: encoder and decoder with attention, and residual quantization over token maps of growing side."""
import torch
import torch.nn.functional as F

from .margins import UNCHECKED
from .tokenizer import nearest, positions, to_map

REFINERS = 4


def conv(w, name, x, **options):
    return F.conv2d(x, w[name + ".weight"], w[name + ".bias"], **options)


def norm(w, name, x, groups):
    return F.group_norm(x, groups, w[name + ".weight"], w[name + ".bias"], 1e-6)


def resnet(w, x, groups):
    h = conv(w, "conv1", F.silu(norm(w, "norm1", x, groups)), padding=1)
    h = conv(w, "conv2", F.silu(norm(w, "norm2", h, groups)), padding=1)
    return (conv(w, "nin_shortcut", x) if "nin_shortcut.weight" in w else x) + h


def attention(w, x, groups):
    q, k, v = positions(conv(w, "qkv", norm(w, "norm", x, groups))).chunk(3, -1)
    weights = (q @ k.transpose(1, 2) * q.shape[-1] ** -0.5).softmax(-1)
    return x + conv(w, "proj_out", to_map(weights @ v, x.shape[2]))


def middle(w, x, groups):
    x = attention(w.of("mid.attn_1."), resnet(w.of("mid.block_1."), x, groups), groups)
    return resnet(w.of("mid.block_2."), x, groups)


def level(w, x, blocks, groups):
    """ResNet blocks, each followed by attention where the level has it"""
    for block in range(blocks):
        x = resnet(w.of(f"block.{block}."), x, groups)
        if f"attn.{block}.qkv.weight" in w:
            x = attention(w.of(f"attn.{block}."), x, groups)
    return x


def encode(w, x, levels, blocks, groups=32):
    """Images in [−1, 1], N × 3 × H × W -> features, N × C × n × n"""
    x = conv(w, "conv_in", x, padding=1)
    for at in range(levels):
        x = level(w.of(f"down.{at}."), x, blocks, groups)
        if at < levels - 1:
            x = conv(w, f"down.{at}.downsample.conv", F.pad(x, (0, 1, 0, 1)), stride=2)
    return conv(w, "conv_out", F.silu(norm(w, "norm_out", middle(w, x, groups), groups)), padding=1)


def decode(w, x, levels, blocks, groups=32):
    """Features -> images, not clamped"""
    x = middle(w, conv(w, "conv_in", x, padding=1), groups)
    for at in reversed(range(levels)):
        x = level(w.of(f"up.{at}."), x, blocks + 1, groups)
        if at > 0:
            x = conv(w, f"up.{at}.upsample.conv", F.interpolate(x, scale_factor=2.0), padding=1)
    return conv(w, "conv_out", F.silu(norm(w, "norm_out", x, groups)), padding=1)


def refiner_table(scales, refiners=REFINERS):
    """The refiner of every scale: that of the nearest tick, the first on a tie. Two of ten scales lie between two ticks, where
    float64 rounding decides."""
    first = 1 / (3 if refiners == 4 else 2) / refiners
    step = (1 - first - first) / (refiners - 1) if refiners > 1 else 0
    ticks = [first + k * step for k in range(refiners)]
    if refiners > 1:
        ticks[-1] = 1 - first
    return [min(range(refiners), key=lambda k: abs(ticks[k] - i / (scales - 1))) for i in range(scales)]


class Scales:
    """Codebook, refiners and the sides of the token maps. `w` holds the names below `quantize.`"""

    def __init__(self, w, sides, share=0.5):
        self.w, self.sides, self.share, self.table = w, sides, share, refiner_table(len(sides))

    @property
    def codebook(self):
        return self.w["embedding.weight"]

    def enlarged(self, rows, scale):
        """Rows of a scale, B × p² × C, as a map of the latent's side"""
        side, last = self.sides[scale], self.sides[-1]
        maps = to_map(rows, side)
        return maps if side == last else F.interpolate(maps, size=(last, last), mode="bicubic", align_corners=False)

    def contribution(self, rows, scale):
        h, name = self.enlarged(rows, scale), f"quant_resi.qresi_ls.{self.table[scale]}"
        return (1 - self.share) * h + self.share * conv(self.w, name, h, padding=1)

    def pooled(self, maps, scale):
        """Area averages at the side of a scale, B × p² × C"""
        side = self.sides[scale]
        return positions(maps if side == self.sides[-1] else F.adaptive_avg_pool2d(maps, side))

    def canvases(self, tokens):
        canvas, all_canvases = 0, []
        for scale, numbers in enumerate(tokens):
            canvas = canvas + self.contribution(self.codebook[numbers], scale)
            all_canvases.append(canvas)
        return all_canvases

    def transformer_input(self, tokens):
        canvases = self.canvases(tokens)
        return torch.cat([self.pooled(canvases[i - 1], i) for i in range(1, len(self.sides))], 1)

    def quantize(self, latent, commitment=0.25, margins=UNCHECKED):
        """As in training. -> straight-through map, loss of each scale, tokens of each scale, canvas after each scale"""
        target = residual = latent.detach()
        canvas, canvases, losses, tokens = 0, [], [], []
        for scale in range(len(self.sides)):
            points = self.pooled(residual, scale)
            with torch.no_grad():
                numbers, _ = nearest(points.flatten(0, 1), self.codebook, margins)
            tokens.append(numbers.view(len(latent), -1))
            added = self.contribution(F.embedding(tokens[-1], self.codebook), scale)
            canvas, residual = canvas + added, residual - added.detach()
            canvases.append(canvas)
            losses.append(commitment * F.mse_loss(canvas.detach(), latent) + F.mse_loss(canvas, target))
        return latent + (canvas - latent).detach(), losses, tokens, canvases
