"""Compares two arrays of images: compare.py same|close FIRST.npz SECOND.npz

same    every byte is equal
close   most images are equal but for rounding: where two tokens are nearly as likely, rounding may choose the other one, and the
        image is then another one"""
import sys

import numpy

CLOSE_LEVELS, CLOSE_SHARE = 1.0, 0.5


def images(path):
    with numpy.load(path) as archive:
        return archive[archive.files[0]].astype(numpy.float64)


def main(kind, first, second):
    left, right = images(first), images(second)
    if left.shape != right.shape:
        print(f"{left.shape} and {right.shape}")
        return False
    difference = numpy.abs(left - right).reshape(len(left), -1).mean(1)
    print("mean difference in grey levels:", " ".join(f"{d:.2f}" for d in difference))
    return bool((difference == 0).all() if kind == "same" else (difference <= CLOSE_LEVELS).mean() >= CLOSE_SHARE)


if __name__ == "__main__":
    sys.exit(0 if main(*sys.argv[1:]) else 1)
