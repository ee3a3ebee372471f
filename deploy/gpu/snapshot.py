"""The weights of a file in bfloat16, which is half as large: snapshot.py FROM.safetensors TO.safetensors"""
import json
import os
import struct
import sys

import numpy


def to_bfloat16(raw):
    """float32 as bytes -> bfloat16 as bytes, rounded to the nearest, ties to even. NaN stays NaN."""
    bits = numpy.frombuffer(raw, dtype="<u4")
    rounded = (bits + (0x7FFF + ((bits >> 16) & 1))) >> 16
    is_nan = (bits & 0x7FFFFFFF) > 0x7F800000
    return numpy.where(is_nan, (bits >> 16) | 0x40, rounded).astype("<u2").tobytes()


def main(source, target):
    with open(source, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        start, written, offset, parts = file.tell(), {}, 0, []
        for name, entry in header.items():
            if name == "__metadata__":
                written[name] = entry
                continue
            begin, end = entry["data_offsets"]
            file.seek(start + begin)
            data, kind = file.read(end - begin), entry["dtype"]
            # Small tables are read in float32.
            if kind == "F32" and len(entry["shape"]) > 1:
                data, kind = to_bfloat16(data), "BF16"
            written[name] = {"dtype": kind, "shape": entry["shape"], "data_offsets": [offset, offset + len(data)]}
            offset += len(data)
            parts.append(data)
    text = json.dumps(written).encode()
    text += b" " * (-len(text) % 8)
    with open(target + ".partial", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.writelines(parts)
    os.replace(target + ".partial", target)


if __name__ == "__main__":
    main(*sys.argv[1:])
