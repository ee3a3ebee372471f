"""The method of docs/method.md in plain eager PyTorch: written from the description, not from another implementation.

It serves as the second opinion on this repository's C#: `benchmarks/pytorch_peer.py` times it, and `tests/fixtures/make.py`
records reference numbers with it. Everything runs in float32 on the CPU, with attention as softmax(q·kᵀ/√d)·v.

Shapes: B images, L latent positions, C latent channels, K last stage, S = K + 1 stages, V codes, N sequences, T tokens, W width."""
