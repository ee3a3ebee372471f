"""How far every discrete choice of a computation is from another outcome."""
import math


class Margins:
    """Keeps the smallest margin of each kind of choice."""

    def __init__(self):
        self.found = {}

    def gap(self, kind, gaps):
        """`gaps()` gives the distances between what was chosen and what was not."""
        self.found[kind] = min(self.found.get(kind, math.inf), float(gaps().min()))

    def smallest(self, kind, values):
        """The choice of the smallest value along the last dimension."""
        self.gap(kind, lambda: best_gaps(values, largest=False))

    def largest(self, kind, values):
        """The choice of the largest value along the last dimension."""
        self.gap(kind, lambda: best_gaps(values, largest=True))


class _Unchecked(Margins):
    def gap(self, kind, gaps):
        pass


UNCHECKED = _Unchecked()


def best_gaps(values, largest):
    """Between the best and the second best."""
    best = values.detach().topk(2, dim=-1, largest=largest)[0]
    return (best[..., 0] - best[..., 1]).abs()
