"""LPIPS 0.1 in eager PyTorch with random weights: weights, images, distances and gradients, for the tests.

Usage: lpips.py FOLDER
"""
import sys

import torch
from torch import nn
from torch.nn import functional as F

from safetensors_io import write


class Fire(nn.Module):
    def __init__(self, i, s, e):
        super().__init__()
        self.squeeze, self.expand1x1, self.expand3x3 = nn.Conv2d(i, s, 1), nn.Conv2d(s, e, 1), nn.Conv2d(s, e, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


def vgg():
    layers, i = [], 3
    for o in (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512):
        if o == "M":
            layers.append(nn.MaxPool2d(2, 2))
        else:
            layers += [nn.Conv2d(i, o, 3, padding=1), nn.ReLU()]
            i = o
    return layers, (4, 9, 16, 23, 30)


def alex():
    relu = nn.ReLU
    return [
        nn.Conv2d(3, 64, 11, 4, 2), relu(), nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, padding=2), relu(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), relu(), nn.Conv2d(384, 256, 3, padding=1), relu(), nn.Conv2d(256, 256, 3, padding=1), relu(),
    ], (2, 5, 8, 10, 12)


def squeeze():
    def pool():
        return nn.MaxPool2d(3, 2, ceil_mode=True)
    return [
        nn.Conv2d(3, 64, 3, 2), nn.ReLU(), pool(), Fire(64, 16, 64), Fire(128, 16, 64), pool(), Fire(128, 32, 128), Fire(256, 32, 128), pool(),
        Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256),
    ], (2, 5, 8, 10, 11, 12, 13)


def unit(x, eps=1e-10):
    return x / (torch.sqrt(torch.sum(x ** 2, dim=1, keepdim=True)) + eps)


def main(folder):
    torch.manual_seed(0)
    torch.set_num_threads(2)
    shift = torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)
    results = {}
    for name, make in {"Vgg16": vgg, "AlexNet": alex, "SqueezeNet": squeeze}.items():
        layers, ends = make()
        features = nn.Sequential(*layers)
        for m in features.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight)
                # Above zero, so that no position loses all its channels, where the published square root has no gradient.
                nn.init.uniform_(m.bias, 0.0, 0.2)
        a, b = torch.rand(2, 3, 67, 61) * 2 - 1, torch.rand(2, 3, 67, 61) * 2 - 1
        a.requires_grad_()
        linear, total, x, y = {}, 0, (a - shift) / scale, (b - shift) / scale
        start = 0
        for k, end in enumerate(ends):
            x, y = features[start:end](x), features[start:end](y)
            start = end
            w = torch.rand(1, x.shape[1], 1, 1)
            linear[f"lin{k}.model.1.weight"] = w
            total = total + F.conv2d((unit(x) - unit(y)) ** 2, w).mean((2, 3))[:, 0]
        (total * torch.tensor([1.0, 2.0])).sum().backward()
        state = {f"features.{k}": v for k, v in features.state_dict().items()}
        state["classifier.6.bias"] = torch.zeros(3)
        write(f"{folder}/{name}.safetensors", state)
        write(f"{folder}/{name}.lin.safetensors", linear)
        results.update({f"{name}.a": a, f"{name}.b": b, f"{name}.distance": total, f"{name}.grad": a.grad})
    write(f"{folder}/results.safetensors", results)


if __name__ == "__main__":
    main(sys.argv[1])
