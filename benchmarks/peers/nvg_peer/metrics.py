"""Metrics of generated and of reconstructed images, in float64."""
import torch
import torch.nn.functional as F

from .margins import UNCHECKED


def moments(features):
    """-> mean and unbiased covariance"""
    features = features.double()
    return features.mean(0), torch.cov(features.t())


def frechet(a, b):
    """Fréchet distance of two sets of features. -> distance, its part that the means make"""
    (mean_a, cov_a), (mean_b, cov_b) = moments(a), moments(b)
    values, vectors = torch.linalg.eigh(cov_a)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.t()
    # tr √(Σa Σb) by the eigenvalues of the symmetric √Σa Σb √Σa.
    trace = torch.linalg.eigvalsh(root @ cov_b @ root).clamp(min=0).sqrt().sum()
    between = (mean_a - mean_b).square().sum()
    return between + cov_a.trace() + cov_b.trace() - 2 * trace, between


def inception_score(probabilities):
    p = probabilities.double()
    return torch.exp((p * (p / p.mean(0)).log()).sum(1).mean())


def precision_recall(reference, samples, k, margins=UNCHECKED):
    """Share of samples within the reference's manifold, and of references within the samples'."""
    return covered(samples, reference, k, margins), covered(reference, samples, k, margins)


def covered(points, manifold, k, margins):
    """Share of points that are at most as far from some point of the manifold as that one's k-th neighbour."""
    points, manifold = points.double(), manifold.double()
    within = torch.cdist(manifold, manifold).square()
    # The smallest distance is the point's own.
    radii = within.sort(1)[0][:, k]
    distances = torch.cdist(points, manifold).square()
    margins.gap("radius", lambda: (distances - radii).abs())
    return (distances <= radii).any(1).double().mean()


def psnr(a, b):
    """Images with values 0 … 255, N × H × W × 3 -> N"""
    return -10 * torch.log10(((a.double() - b.double()) / 255).square().mean((1, 2, 3)))


def ssim(a, b, window=7, k1=0.01, k2=0.03):
    """Uniform window, sample covariance, mean over channels; values on [0, 1]"""
    a, b = ((x.double() / 255).permute(0, 3, 1, 2) for x in (a, b))
    unbiased = window ** 2 / (window ** 2 - 1)

    def mean(x):
        return F.avg_pool2d(x, window, stride=1)
    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b = unbiased * (mean(a * a) - mean_a ** 2), unbiased * (mean(b * b) - mean_b ** 2)
    covariance = unbiased * (mean(a * b) - mean_a * mean_b)
    c1, c2 = k1 ** 2, k2 ** 2
    similarity = (2 * mean_a * mean_b + c1) * (2 * covariance + c2) / ((mean_a ** 2 + mean_b ** 2 + c1) * (var_a + var_b + c2))
    return similarity.mean((1, 2, 3))
