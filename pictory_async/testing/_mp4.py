"""A small video that can be played: two seconds of one colour, in H.264, as an MP4 file. Pure.

The first frame is one macroblock that is sent as it is, and others that are predicted from it. The next is the same.
"""

from __future__ import annotations

import hashlib
import struct
from functools import lru_cache
from typing import Final

_COLUMNS, _ROWS = 20, 12  # macroblocks of 16 by 16 pixels
_WIDTH, _HEIGHT = 320, 180
_CROPPED: Final = (_ROWS * 16 - _HEIGHT) // 2
_FRAMES: Final = 2
_SECOND: Final = 1000  # units of time in one
_MATRIX: Final = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


class _Bits:
    """Writes a bit stream."""

    def __init__(self) -> None:
        self._text: list[str] = []

    def bits(self, text: str) -> None:
        """Add bits."""
        self._text.append(text)

    def ue(self, *values: int) -> None:
        """Add unsigned numbers in the Exp-Golomb code."""
        for value in values:
            code = f"{value + 1:b}"
            self._text.append("0" * (len(code) - 1) + code)

    def samples(self, data: bytes) -> None:
        """Add bytes, after zeros up to the next whole byte."""
        length = sum(map(len, self._text))
        self._text.append("0" * (-length % 8) + "".join(f"{one:08b}" for one in data))

    def unit(self, kind: int) -> bytes:
        """Return all of it as a unit of a kind."""
        text = "".join(self._text) + "1"
        text += "0" * (-len(text) % 8)
        # It never has two zero bytes in a row, which a player would take for the start of another unit.
        return bytes([kind]) + int(text, 2).to_bytes(len(text) // 8, "big")


def _parameters() -> tuple[bytes, bytes]:
    """Return the parameters of the sequence, and those of the pictures."""
    sequence = _Bits()
    sequence.bits(f"{66:08b}{0xC0:08b}{11:08b}")  # the baseline profile, in a level for this size
    sequence.ue(0, 0, 2, 1)
    sequence.bits("0")
    sequence.ue(_COLUMNS - 1, _ROWS - 1)
    sequence.bits("111")
    sequence.ue(0, 0, 0, _CROPPED)
    sequence.bits("0")
    pictures = _Bits()
    pictures.ue(0, 0)
    pictures.bits("00")
    pictures.ue(0, 0, 0)
    pictures.bits("000")
    pictures.ue(0, 0, 0)
    pictures.bits("100")
    return sequence.unit(0x67), pictures.unit(0x68)


def _first(colour: bytes) -> bytes:
    """Return a frame of one colour, that is luma and two chromas."""
    slice_ = _Bits()
    slice_.ue(0, 7, 0)
    slice_.bits("0000")
    slice_.ue(0)
    slice_.bits("00")
    slice_.ue(0, 1)
    slice_.ue(25)  # samples as they are
    slice_.samples(colour[:1] * 256 + colour[1:2] * 64 + colour[2:3] * 64)
    for number in range(1, _COLUMNS * _ROWS):
        slice_.ue(3, 0, 0)  # the mean of what is left and above
        slice_.bits("000011" if number in {1, _COLUMNS} else "1")  # nothing to add; beside samples, in another code
    return slice_.unit(0x65)


def _again(number: int) -> bytes:
    """Return a frame that is the same as the one before."""
    slice_ = _Bits()
    slice_.ue(0, 5, 0)
    slice_.bits(f"{number % 16:04b}000")
    slice_.ue(0, 1, _COLUMNS * _ROWS)
    return slice_.unit(0x41)


def _box(kind: bytes, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return struct.pack(">I", len(data) + 8) + kind + data


def _full(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", flags), *parts)


def _movie(samples: list[bytes], offset: int) -> bytes:
    """Return the description of a video whose samples begin at an offset of the file."""
    length = len(samples) * _SECOND
    sequence, pictures = _parameters()
    config = _box(
        b"avcC",
        b"\x01" + sequence[1:4] + b"\xff\xe1",
        struct.pack(">H", len(sequence)) + sequence + b"\x01",
        struct.pack(">H", len(pictures)) + pictures,
    )
    entry = _box(
        b"avc1",
        struct.pack(">6xH16xHHIII", 1, _WIDTH, _HEIGHT, 0x480000, 0x480000, 0),
        struct.pack(">H32sHh", 1, b"", 24, -1),
        config,
    )
    table = _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), entry),
        _full(b"stts", struct.pack(">III", 1, len(samples), _SECOND)),
        _full(b"stss", struct.pack(">II", 1, 1)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, len(samples), 1)),
        _full(b"stsz", struct.pack(">II", 0, len(samples)), *(struct.pack(">I", len(one)) for one in samples)),
        _full(b"stco", struct.pack(">II", 1, offset)),
    )
    media = _box(
        b"mdia",
        _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, _SECOND, length, 0x55C4, 0)),
        _full(b"hdlr", struct.pack(">I4s12x", 0, b"vide") + b"video\0"),
        _box(
            b"minf",
            _full(b"vmhd", bytes(8), flags=1),
            _box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1))),
            table,
        ),
    )
    track = struct.pack(">IIIII8xHHHH", 0, 0, 1, 0, length, 0, 0, 0, 0) + _MATRIX
    return _box(
        b"moov",
        _full(
            b"mvhd",
            struct.pack(">IIIIIH10x", 0, 0, _SECOND, length, 0x10000, 0x100) + _MATRIX + bytes(24) + b"\0\0\0\x02",
        ),
        _box(b"trak", _full(b"tkhd", track, struct.pack(">II", _WIDTH << 16, _HEIGHT << 16), flags=3), media),
    )


@lru_cache(maxsize=256)
def playable(path: str) -> bytes:
    """Return the beginning of a video of a colour that depends on its path. Whatever follows it is not played."""
    digest = hashlib.sha256(path.encode()).digest()
    colour = bytes((96 + digest[0] % 96, 64 + digest[1] % 128, 64 + digest[2] % 128))
    units = [_first(colour), *(_again(number) for number in range(1, _FRAMES))]
    samples = [struct.pack(">I", len(unit)) + unit for unit in units]
    kind = _box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2avc1mp41")
    offset = len(kind) + len(_movie(samples, 0)) + 8
    # A box without a length is the last one, and lasts to the end of the file.
    return kind + _movie(samples, offset) + struct.pack(">I", 0) + b"mdat" + b"".join(samples)
