"""What a file holds, decompressed where it is compressed, and never more of it than fits."""

from __future__ import annotations

import os
import zlib

from rivervalley._common.checks import InputError
from rivervalley._common.files import MOST_BYTES, read_bytes

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def read_content(path: str | os.PathLike[str], kind: str) -> bytes:
    """The bytes of an ordinary file; those of a gzip or Zstandard file decompressed, the latter by the library zstandard.

    Raises
    ------
    InputError
        If the file cannot be read, as `files.read_bytes` says, cannot be decompressed, or holds more than MOST_BYTES.
    """
    data = read_bytes(path, kind)
    if data.startswith(_GZIP):
        data = _gunzip(path, data)
    elif data.startswith(_ZSTD):
        data = _unzstd(path, data)
    if len(data) > MOST_BYTES:
        raise InputError(f"path must be {kind} that holds at most {MOST_BYTES >> 20} MB, but {os.fspath(path)!r} holds more")
    return data


def as_text(path: str | os.PathLike[str], data: bytes) -> str:
    """UTF-8 text with any line ending as a newline, without a byte-order mark."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} must be text in UTF-8, but is not ({error.reason} at byte {error.start})") from None
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _gunzip(path: str | os.PathLike[str], data: bytes) -> bytes:
    """All members of a gzip file, up to a byte more than is allowed."""
    parts: list[bytes] = []
    left = MOST_BYTES + 1
    try:
        while data.startswith(_GZIP) and left > 0:
            member = zlib.decompressobj(wbits=31)
            parts.append(member.decompress(data, left))
            left -= len(parts[-1])
            if not member.eof and left > 0:
                raise zlib.error("cut off before its end")
            data = member.unused_data
    except zlib.error as error:
        raise InputError(f"{path} must be a whole gzip file, but cannot be decompressed ({error})") from None
    return b"".join(parts)


def _unzstd(path: str | os.PathLike[str], data: bytes) -> bytes:
    """All frames of a Zstandard file, up to some more than is allowed."""
    try:
        import zstandard
    except ImportError:
        raise InputError(f"{path} is compressed with Zstandard: reading it needs pip install zstandard") from None
    parts: list[bytes] = []
    left = MOST_BYTES + 1
    frame = zstandard.ZstdDecompressor().decompressobj()
    try:
        # A few bytes may stand for a block of 128 kB: small pieces keep what is held within bounds.
        for start in range(0, len(data), 256):
            piece = data[start : start + 256]
            while piece and left > 0:
                if frame.eof:
                    frame = zstandard.ZstdDecompressor().decompressobj()
                parts.append(frame.decompress(piece))
                left -= len(parts[-1])
                piece = frame.unused_data
        if not frame.eof and left > 0:
            raise zstandard.ZstdError("cut off before its end")
    except zstandard.ZstdError as error:
        raise InputError(f"{path} must be a whole Zstandard file, but cannot be decompressed ({error})") from None
    return b"".join(parts)
