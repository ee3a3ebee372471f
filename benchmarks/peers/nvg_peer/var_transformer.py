"""VAR's transformer: all tokens of a scale at once, from the scales before it."""
import math

import torch
import torch.nn.functional as F


class Transformer:
    """`heads` is not visible in the shapes of the matrices. Weights may be of a half type; the residual stream is float32."""

    def __init__(self, w, sides, classes, heads):
        self.w, self.sides, self.classes, self.heads = w, sides, classes, heads
        self.depth = w.numbers("blocks.")[-1] + 1
        self.starts = [sum(side * side for side in sides[:i]) for i in range(len(sides) + 1)]
        self.scale_of_token = torch.repeat_interleave(torch.arange(len(sides)), torch.tensor([side * side for side in sides]))
        self.dtype = w["head.weight"].dtype

    def linear(self, name, x):
        return self.w.linear(name, x.to(self.dtype))

    def condition(self, classes):
        """-> class embedding, modulation of every block (6 W, in the order of the file) and of the head; all float32"""
        embedded = F.embedding(classes, self.w["class_emb.weight"]).float()
        active = F.silu(embedded)
        if "shared_ada_lin.1.weight" in self.w:
            shared = self.linear("shared_ada_lin.1", active).float()
            blocks = [shared + self.w[f"blocks.{b}.ada_gss"].float().flatten() for b in range(self.depth)]
        else:
            blocks = [self.linear(f"blocks.{b}.ada_lin.1", active).float() for b in range(self.depth)]
        return embedded, blocks, self.linear("head_nm.ada_lin.1", active).float()

    def places(self, start, count):
        scales = self.scale_of_token[start:start + count]
        return self.w["pos_1LC"][:, start:start + count].float() + F.embedding(scales, self.w["lvl_embed.weight"]).float()

    def mask(self):
        return torch.zeros(1, 1, self.starts[-1], self.starts[-1]).masked_fill(
            self.scale_of_token[:, None] < self.scale_of_token[None], -math.inf)

    def attend(self, b, x, mask, cache):
        name, (count, tokens, width) = f"blocks.{b}.attn.", x.shape
        query_bias, value_bias = self.w[name + "q_bias"], self.w[name + "v_bias"]
        bias = torch.cat([query_bias, torch.zeros_like(query_bias), value_bias]).to(self.dtype)
        parts = F.linear(x.to(self.dtype), self.w[name + "mat_qkv.weight"], bias)
        q, k, v = parts.view(count, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scale = self.w[name + "scale_mul_1H11"].float().clamp(max=math.log(100)).exp()
        q = (F.normalize(q.float(), dim=-1) * scale).to(v.dtype)
        k = F.normalize(k.float(), dim=-1).to(v.dtype)
        if cache is not None:
            k, v = cache[b] = (k, v) if b not in cache else tuple(torch.cat(pair, 2) for pair in zip(cache[b], (k, v)))
        scores = q @ k.transpose(-2, -1)
        weights = (scores if mask is None else scores + mask).softmax(-1)
        return self.linear(name + "proj", (weights @ v).transpose(1, 2).reshape(count, tokens, width))

    def block(self, b, x, modulation, mask=None, cache=None, keep=None):
        """`keep(b)` gives for the next branch which sequences keep it, divided by the keep rate, or None"""
        gate1, gate2, scale1, scale2, shift1, shift2 = modulation[:, None].chunk(6, -1)
        kept = keep or (lambda _: None)
        for gate, scale, shift, branch in ((gate1, scale1, shift1, lambda y: self.attend(b, y, mask, cache)),
                                           (gate2, scale2, shift2, lambda y: self.mlp(b, y))):
            share = kept(b)
            update = gate * branch((1 + scale) * F.layer_norm(x, x.shape[-1:], eps=1e-6) + shift)
            x = x + (update if share is None else update * share[:, None, None])
        return x

    def mlp(self, b, y):
        hidden = self.linear(f"blocks.{b}.ffn.fc1", y)
        return self.linear(f"blocks.{b}.ffn.fc2", F.gelu(hidden, approximate="tanh"))

    def logits(self, x, modulation):
        scale, shift = modulation[:, None].chunk(2, -1)
        return self.linear("head", (1 + scale) * F.layer_norm(x, x.shape[-1:], eps=1e-6) + shift).float()

    def forced(self, classes, canvases, keep=None, observe=lambda b, x: None):
        """Logits of all tokens, whose earlier scales are known"""
        embedded, blocks, head = self.condition(classes)
        first = embedded[:, None] + self.w["pos_start"].float()
        x = torch.cat([first, self.linear("word_embed", canvases).float()], 1) + self.places(0, self.starts[-1])
        for b, modulation in enumerate(blocks):
            x = self.block(b, x, modulation, self.mask(), keep=keep)
            observe(b, x)
        return self.logits(x, head)

    def step(self, scale, condition, pooled, cache):
        """Logits of one scale. `pooled` is None for the first"""
        embedded, blocks, head = condition
        x = embedded[:, None] + self.w["pos_start"].float() if pooled is None else self.linear("word_embed", pooled).float()
        start = self.starts[scale]
        x = x + self.places(start, self.starts[scale + 1] - start)
        for b, modulation in enumerate(blocks):
            x = self.block(b, x, modulation, cache=cache)
        return self.logits(x, head)
