"""Reading and writing safetensors with nothing but PyTorch."""
import ctypes
import json
import struct

import torch

TYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "I64": torch.int64}
NAMES = {dtype: name for name, dtype in TYPES.items()}


def read(path):
    """-> tensors by name, metadata"""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        start, tensors = file.tell(), {}
        for name, entry in header.items():
            if name != "__metadata__":
                begin, end = entry["data_offsets"]
                file.seek(start + begin)
                tensors[name] = torch.frombuffer(bytearray(file.read(end - begin)), dtype=TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, header.get("__metadata__", {})


def write(path, tensors, metadata):
    """The same tensors and metadata always give the same bytes."""
    # Larger elements first, so that every tensor starts at a multiple of its element size.
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    header, offset, data = {"__metadata__": metadata}, 0, []
    for name, tensor in ordered:
        tensor = tensor.detach().contiguous()
        size = tensor.numel() * tensor.element_size()
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        data.append(ctypes.string_at(tensor.data_ptr(), size))
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))
