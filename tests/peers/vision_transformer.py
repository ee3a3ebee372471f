"""Eager vision transformers of DINOv2's kinds with random weights: their features of patches, for the C# build to be held against."""
import sys

import torch
import torch.nn.functional as F

from safetensors_io import write

MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def weights(width, depth, patch, side, registers, gated):
    def rand(*shape, scale=0.1):
        return torch.randn(*shape) * scale
    w = {"cls_token": rand(1, 1, width), "mask_token": rand(1, width), "pos_embed": rand(1, 1 + side * side, width),
         "patch_embed.proj.weight": rand(width, 3, patch, patch), "patch_embed.proj.bias": rand(width),
         "norm.weight": 1 + rand(width), "norm.bias": rand(width)}
    if registers:
        w["register_tokens"] = rand(1, registers, width)
    hidden = 2 * width
    for i in range(depth):
        shapes = {"norm1.weight": (width,), "norm1.bias": (width,), "attn.qkv.weight": (3 * width, width), "attn.qkv.bias": (3 * width,),
                  "attn.proj.weight": (width, width), "attn.proj.bias": (width,), "ls1.gamma": (width,), "norm2.weight": (width,),
                  "norm2.bias": (width,), "ls2.gamma": (width,)}
        if gated:
            shapes |= {"mlp.w12.weight": (2 * hidden, width), "mlp.w12.bias": (2 * hidden,), "mlp.w3.weight": (width, hidden), "mlp.w3.bias": (width,)}
        else:
            shapes |= {"mlp.fc1.weight": (hidden, width), "mlp.fc1.bias": (hidden,), "mlp.fc2.weight": (width, hidden), "mlp.fc2.bias": (width,)}
        w |= {f"blocks.{i}.{k}": rand(*s, scale=0.2) for k, s in shapes.items()}
    return w


def features(w, image, rows, columns):
    width, patch, side = w["cls_token"].shape[-1], w["patch_embed.proj.weight"].shape[-1], int((w["pos_embed"].shape[1] - 1) ** 0.5)
    depth, heads, registers = 1 + max(int(k.split(".")[1]) for k in w if k.startswith("blocks.")), width // 64, w.get("register_tokens")
    x = ((image + 1) / 2 - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(DEVIATION).view(1, 3, 1, 1)
    x = F.interpolate(x, size=(rows * patch, columns * patch), mode="bicubic")
    x = F.conv2d(x, w["patch_embed.proj.weight"], w["patch_embed.proj.bias"], stride=patch).flatten(2).transpose(1, 2)
    table = w["pos_embed"][:, 1:].reshape(1, side, side, width).permute(0, 3, 1, 2)
    table = F.interpolate(table, size=(rows, columns), mode="bicubic", antialias=True).permute(0, 2, 3, 1).reshape(1, -1, width)
    extra = [] if registers is None else [registers.expand(len(x), -1, -1)]
    x = torch.cat([(w["cls_token"] + w["pos_embed"][:, :1]).expand(len(x), -1, -1), *extra, x + table], 1)
    for i in range(depth):
        p = {k[len(f"blocks.{i}."):]: v for k, v in w.items() if k.startswith(f"blocks.{i}.")}
        h = F.layer_norm(x, (width,), p["norm1.weight"], p["norm1.bias"], 1e-6)
        q, k, v = F.linear(h, p["attn.qkv.weight"], p["attn.qkv.bias"]).reshape(*h.shape[:2], 3, heads, 64).permute(2, 0, 3, 1, 4)
        a = ((q @ k.transpose(-2, -1)) / 8).softmax(-1) @ v
        x = x + p["ls1.gamma"] * F.linear(a.transpose(1, 2).flatten(2), p["attn.proj.weight"], p["attn.proj.bias"])
        h = F.layer_norm(x, (width,), p["norm2.weight"], p["norm2.bias"], 1e-6)
        if "mlp.w12.weight" in p:
            first, second = F.linear(h, p["mlp.w12.weight"], p["mlp.w12.bias"]).chunk(2, -1)
            h = F.linear(F.silu(first) * second, p["mlp.w3.weight"], p["mlp.w3.bias"])
        else:
            h = F.linear(F.gelu(F.linear(h, p["mlp.fc1.weight"], p["mlp.fc1.bias"])), p["mlp.fc2.weight"], p["mlp.fc2.bias"])
        x = x + p["ls2.gamma"] * h
    x = F.layer_norm(x, (width,), w["norm.weight"], w["norm.bias"], 1e-6)
    return x[:, -rows * columns:]


def main(folder):
    torch.manual_seed(0)
    torch.set_num_threads(2)
    results = {}
    for name, arguments in {"plain": (64, 2, 14, 9, 0, False), "registers": (128, 3, 14, 7, 4, False), "gated": (192, 2, 8, 5, 0, True)}.items():
        w, image = weights(*arguments), torch.rand(2, 3, 40, 40) * 2 - 1
        write(f"{folder}/{name}.safetensors", w)
        torch.save(w, f"{folder}/{name}.pth")
        results.update({f"{name}.image": image, f"{name}.features": features(w, image, 4, 4)})
    write(f"{folder}/results.safetensors", results)


if __name__ == "__main__":
    main(sys.argv[1])
