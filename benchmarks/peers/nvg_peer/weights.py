"""Parameters by name, and the layers that use them."""
import torch
import torch.nn.functional as F


class Weights:
    """Parameters by name; `of` gives those below a prefix."""

    def __init__(self, tensors, dtype=None):
        self.tensors = {n: t.to(dtype) if dtype and t.is_floating_point() else t for n, t in tensors.items()}

    def of(self, prefix):
        return Weights({n[len(prefix):]: t for n, t in self.tensors.items() if n.startswith(prefix)})

    def __getitem__(self, name):
        return self.tensors[name]

    def __contains__(self, name):
        return name in self.tensors

    def numbers(self, prefix):
        """The numbers that follow a prefix in the names, rising."""
        return sorted({int(n[len(prefix):].split(".")[0]) for n in self.tensors if n.startswith(prefix)})

    def linear(self, name, x):
        return F.linear(x, self[name + ".weight"], self.tensors.get(name + ".bias"))

    def conv(self, name, x, **options):
        return F.conv2d(x, self[name + ".conv.weight"], self[name + ".conv.bias"], **options)


def trainable(tensors, fixed=("scale_factors", "rope_ids")):
    """Copies that gradients can be taken for; buffers stay as they are."""
    return {n: t.float().clone().requires_grad_() if t.is_floating_point() and n not in fixed else t for n, t in tensors.items()}
