"""Whether the bytes of a picture are a PNG that can be typeset.

A program wrote them, and a paper is typeset with them: one that unpacks to more than it says, or ends early, would cost
the whole paper. Asked before a figure is taken.
"""

from __future__ import annotations

import struct
import zlib

LARGEST_B = 16 << 20
LARGEST_PX = 12_000
LARGEST_AREA_PX = 40_000_000
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG that is whole and of a sane size, whatever its name said; None for anything else."""
    if not data.startswith(SIGNATURE) or len(data) > LARGEST_B:
        return None
    at, packed, size, whole = len(SIGNATURE), bytearray(), None, False
    while at + 12 <= len(data) and not whole:
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            return None
        if kind == b"IHDR" and length == 13 and size is None:
            size = struct.unpack_from(">IIBBBBB", data, at + 8)
        elif kind == b"IDAT":
            packed += data[at + 8 : end - 4]
        whole, at = kind == b"IEND", end
    if not whole or size is None:
        return None
    width, height, depth, colour, _, _, interlaced = size
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 0)
    if not (0 < width <= LARGEST_PX and 0 < height <= LARGEST_PX and width * height <= LARGEST_AREA_PX and channels):
        return None
    needs_b = ((width * channels * depth + 7) // 8 + 1) * height
    most_b = 2 * needs_b + 64 * height if interlaced else needs_b
    return (width, height) if needs_b <= _unpacked_b(bytes(packed), most_b) <= most_b else None


def _unpacked_b(packed: bytes, most_b: int) -> int:
    """How much `packed` unpacks to, told as more than `most_b` where it does not end there; -1 where it is broken."""
    unpack, total_b = zlib.decompressobj(), 0
    try:
        while not unpack.eof and total_b <= most_b:
            part = unpack.decompress(packed, 1 << 20)
            packed, total_b = unpack.unconsumed_tail, total_b + len(part)
            if not part and not packed:
                return -1
    except zlib.error:
        return -1
    return total_b
