"""safetensors in the few types that the peers exchange, with nothing but PyTorch."""
import ctypes
import json
import struct

import torch

TYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64, "U8": torch.uint8}
NAMES = {v: k for k, v in TYPES.items()}


def read(path):
    with open(path, "rb") as f:
        length = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(length))
        data = bytearray(f.read())
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        dtype, (begin, end) = TYPES[entry["dtype"]], entry["data_offsets"]
        count = (end - begin) // torch.empty(0, dtype=dtype).element_size()
        tensors[name] = torch.frombuffer(data, dtype=dtype, offset=begin, count=count).reshape(entry["shape"]).clone()
    return tensors


def write(path, tensors):
    # Types with larger elements first, so that every tensor starts at a multiple of its element size.
    tensors = {k: t.detach().contiguous() for k, t in sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))}
    header, offset = {}, 0
    for name, t in tensors.items():
        size = t.numel() * t.element_size()
        header[name] = {"dtype": NAMES[t.dtype], "shape": list(t.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for t in tensors.values():
            f.write(ctypes.string_at(t.data_ptr(), t.numel() * t.element_size()))
