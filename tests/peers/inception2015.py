"""Inception-2015 in eager PyTorch with random weights: weights, images and what comes out, for the tests.

Usage: inception2015.py FOLDER
"""
import sys

import torch
from torch import nn
from torch.nn import functional as F

from safetensors_io import write


class Conv(nn.Module):
    def __init__(self, i, o, kernel, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(i, o, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(o, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


def average(x):
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


class A(nn.Module):
    def __init__(self, i, pool):
        super().__init__()
        self.branch1x1 = Conv(i, 64, 1)
        self.branch5x5_1, self.branch5x5_2 = Conv(i, 48, 1), Conv(48, 64, 5, padding=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2, self.branch3x3dbl_3 = Conv(i, 64, 1), Conv(64, 96, 3, padding=1), Conv(96, 96, 3, padding=1)
        self.branch_pool = Conv(i, pool, 1)

    def forward(self, x):
        return torch.cat([
            self.branch1x1(x), self.branch5x5_2(self.branch5x5_1(x)),
            self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))), self.branch_pool(average(x))], 1)


class B(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.branch3x3 = Conv(i, 384, 3, 2)
        self.branch3x3dbl_1, self.branch3x3dbl_2, self.branch3x3dbl_3 = Conv(i, 64, 1), Conv(64, 96, 3, padding=1), Conv(96, 96, 3, 2)

    def forward(self, x):
        return torch.cat([self.branch3x3(x), self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))), F.max_pool2d(x, 3, 2)], 1)


class C(nn.Module):
    def __init__(self, c):
        super().__init__()
        row, column = dict(kernel=(1, 7), padding=(0, 3)), dict(kernel=(7, 1), padding=(3, 0))
        self.branch1x1 = Conv(768, 192, 1)
        self.branch7x7_1, self.branch7x7_2, self.branch7x7_3 = Conv(768, c, 1), Conv(c, c, **row), Conv(c, 192, **column)
        self.branch7x7dbl_1, self.branch7x7dbl_2, self.branch7x7dbl_3 = Conv(768, c, 1), Conv(c, c, **column), Conv(c, c, **row)
        self.branch7x7dbl_4, self.branch7x7dbl_5 = Conv(c, c, **column), Conv(c, 192, **row)
        self.branch_pool = Conv(768, 192, 1)

    def forward(self, x):
        d = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        return torch.cat([
            self.branch1x1(x), self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x))),
            self.branch7x7dbl_5(self.branch7x7dbl_4(d)), self.branch_pool(average(x))], 1)


class D(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.branch3x3_1, self.branch3x3_2 = Conv(i, 192, 1), Conv(192, 320, 3, 2)
        self.branch7x7x3_1, self.branch7x7x3_2 = Conv(i, 192, 1), Conv(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3, self.branch7x7x3_4 = Conv(192, 192, (7, 1), padding=(3, 0)), Conv(192, 192, 3, 2)

    def forward(self, x):
        return torch.cat([
            self.branch3x3_2(self.branch3x3_1(x)), self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x)))),
            F.max_pool2d(x, 3, 2)], 1)


class E(nn.Module):
    def __init__(self, i, pool):
        super().__init__()
        self.pool = pool
        row, column = dict(kernel=(1, 3), padding=(0, 1)), dict(kernel=(3, 1), padding=(1, 0))
        self.branch1x1 = Conv(i, 320, 1)
        self.branch3x3_1, self.branch3x3_2a, self.branch3x3_2b = Conv(i, 384, 1), Conv(384, 384, **row), Conv(384, 384, **column)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Conv(i, 448, 1), Conv(448, 384, 3, padding=1)
        self.branch3x3dbl_3a, self.branch3x3dbl_3b = Conv(384, 384, **row), Conv(384, 384, **column)
        self.branch_pool = Conv(i, 192, 1)

    def forward(self, x):
        a, b = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        return torch.cat([
            self.branch1x1(x), self.branch3x3_2a(a), self.branch3x3_2b(a), self.branch3x3dbl_3a(b), self.branch3x3dbl_3b(b),
            self.branch_pool(self.pool(x))], 1)


class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.Conv2d_1a_3x3, self.Conv2d_2a_3x3, self.Conv2d_2b_3x3 = Conv(3, 32, 3, 2), Conv(32, 32, 3), Conv(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1, self.Conv2d_4a_3x3 = Conv(64, 80, 1), Conv(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d, self.Mixed_6a = A(192, 32), A(256, 64), A(288, 64), B(288)
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = C(128), C(160), C(160), C(192)
        self.Mixed_7a, self.Mixed_7b = D(768), E(1280, average)
        self.Mixed_7c = E(2048, lambda x: F.max_pool2d(x, 3, 1, 1))
        self.fc = nn.Linear(2048, 1008)

    def forward(self, x):
        x = F.max_pool2d(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))), 3, 2)
        x = F.max_pool2d(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)), 3, 2)
        x = self.Mixed_6a(self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x))))
        x = self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(x)))
        spatial = x[:, :7].permute(0, 2, 3, 1).flatten(1)
        pooled = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(self.Mixed_6e(x)))).mean((2, 3))
        return pooled, spatial, pooled @ self.fc.weight.T


def tensorflow1(x, side):
    """The rule of TensorFlow 1, row by row of the result, in double precision."""
    h, w = x.shape[2:]
    out = torch.empty(*x.shape[:2], side, side, dtype=torch.float64)
    x = x.double()
    u = torch.arange(side, dtype=torch.float64) * w / side
    left = u.long()
    right, share = (left + 1).clamp(max=w - 1), u - left
    for i in range(side):
        y = i * h / side
        top = int(y)
        row = x[:, :, top] * (1 - (y - top)) + x[:, :, min(top + 1, h - 1)] * (y - top)
        out[:, :, i] = row[:, :, left] * (1 - share) + row[:, :, right] * share
    return out.float()


def main(folder):
    torch.manual_seed(0)
    torch.set_num_threads(2)
    net = Inception().eval()
    for m in net.modules():
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight)
        if isinstance(m, nn.BatchNorm2d):
            nn.init.uniform_(m.weight, 0.8, 1.2)
            nn.init.normal_(m.bias, 0, 0.2)
            nn.init.normal_(m.running_mean, 0, 0.2)
            nn.init.uniform_(m.running_var, 0.7, 1.4)
    nn.init.normal_(net.fc.weight, 0, 0.05)
    images = torch.randint(0, 256, (2, 40, 52, 3), dtype=torch.uint8)
    pixels = images.permute(0, 3, 1, 2).float()
    with torch.no_grad():
        results = {"images": images}
        for name, x in {
            "tf1": (tensorflow1(pixels, 299) - 128) / 128,
            "pytorch": F.interpolate(pixels / 255, (299, 299), mode="bilinear", align_corners=False) * 2 - 1,
        }.items():
            results[f"{name}.input"] = x
            for part, value in zip(("pooled", "spatial", "logits"), net(x)):
                results[f"{name}.{part}"] = value
    write(f"{folder}/weights.safetensors", net.state_dict())
    write(f"{folder}/results.safetensors", results)


if __name__ == "__main__":
    main(sys.argv[1])
