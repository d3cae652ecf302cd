"""The Chinese fonts that came with the lab, and which signs they have. Called by typesetting."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path


def fonts() -> list[Path]:
    """Folders of the Chinese fonts that came with the lab."""
    found = importlib.util.find_spec("pylopdf_fonts_zh_cn")
    return [Path(folder) for folder in (found.submodule_search_locations or [])] if found else []


def covered(font: Path) -> list[tuple[int, int]]:
    """The code points of an OpenType font's cmap, format 12, as ranges."""
    with font.open("rb") as file:
        count = struct.unpack(">4xH6x", file.read(12))[0]
        tables = {row[0]: row[2:] for row in struct.iter_unpack(">4sIII", file.read(16 * count))}
        start, size = tables[b"cmap"]
        file.seek(start)
        cmap = file.read(size)
    for nth in range(struct.unpack_from(">2xH", cmap)[0]):
        offset = struct.unpack_from(">4xI", cmap, 4 + 8 * nth)[0]
        if struct.unpack_from(">H", cmap, offset)[0] == 12:
            groups = struct.unpack_from(">I", cmap, offset + 12)[0]
            rows = (struct.unpack_from(">III", cmap, offset + 16 + 12 * row) for row in range(groups))
            return [(first, last) for first, last, _ in rows]
    return []
