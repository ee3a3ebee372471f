"""What the card reaches at its best, for shares of it: card.py RESULT.json"""
import json
import sys
import time

import torch


def best_seconds(action, repeat=10):
    best = float("inf")
    for _ in range(repeat):
        torch.cuda.synchronize()
        start = time.perf_counter()
        action()
        torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return best


def main(path):
    size = 8192
    left, right = torch.randn(2, size, size, device="cuda", dtype=torch.bfloat16)
    source = torch.empty(1 << 30, device="cuda", dtype=torch.uint8)
    target = torch.empty_like(source)
    report = {
        "name": torch.cuda.get_device_name(),
        "memory_gib": torch.cuda.get_device_properties(0).total_memory / 2**30,
        "matmul_tflops": 2 * size**3 / best_seconds(lambda: left @ right) / 1e12,
        "copy_gb_per_second": 2 * source.numel() / best_seconds(lambda: target.copy_(source)) / 1e9,
    }
    with open(path, "w") as file:
        json.dump(report, file, indent=2)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main(sys.argv[1])
