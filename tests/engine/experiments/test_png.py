"""A picture that a paper takes is whole, of a sane size, and unpacks to what it says."""

from __future__ import annotations

import struct
import zlib

from hypothesis import given
from hypothesis import strategies as st

from engine.experiments.png import SIGNATURE, size_of


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rows: int | None = None) -> bytes:
    """A grey picture; `rows` says how many there really are."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packed = zlib.compress(bytes((width + 1) * (height if rows is None else rows)))
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def test_a_picture_is_one_by_its_bytes_whole_and_of_a_sane_size() -> None:
    good = png(64, 48)
    assert size_of(good) == (64, 48)
    broken = [
        png(100_000, 1),
        png(11_000, 11_000),  # a bomb: 118 kB that unpack to 121 MB
        png(64, 48, rows=9_000),  # more than it says
        png(64, 48, rows=47),
        b"<script>" * 9,
        SIGNATURE,
        good[:-12],  # its end is missing
        good[:60] + b"?" + good[61:],
    ]
    assert [size_of(one) for one in broken] == [None] * len(broken)


@given(st.integers(0, 400), st.binary(max_size=9))
def test_no_damage_to_a_picture_breaks_the_looking_at_it(at: int, junk: bytes) -> None:
    good = png(20, 10)
    size_of(good[:at] + junk + good[at + len(junk) :])
    size_of(good[:at] + junk + good[at:])
