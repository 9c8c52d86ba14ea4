"""Files written beside their final name and renamed into place, so that an interrupt never leaves half a file."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rivervalley._common.checks import InputError, show, writable

MOST_BYTES = 256 << 20


@contextmanager
def replacing(path: str | os.PathLike[str], name: str = "path") -> Iterator[Path]:
    """A temporary path in the folder of `path`, renamed to `path` when the block ends well and removed when it does not.

    The temporary name keeps the suffix of `path`, which writers such as matplotlib read the format from. A file that was
    there keeps its permissions, and where `path` is a link, what it points to is replaced.
    """
    target = Path(os.path.realpath(writable(name, path)))
    writable(name, target)
    # Short, for a name may be as long as the system allows.
    suffix = target.suffix if len(target.suffix) <= 20 else ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.stem[:20]}.", suffix=suffix, dir=target.parent)
    except OSError as error:
        raise InputError(f"{name} cannot be written: {target} ({error.strerror})") from None
    os.close(handle)
    try:
        yield Path(temporary)
        os.chmod(temporary, _permissions(target))
        with open(temporary, "r+b") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _permissions(target: Path) -> int:
    """Those of the file that is replaced, or what a new file gets."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def read_bytes(path: str | os.PathLike[str], kind: str, name: str = "path") -> bytes:
    """What an ordinary file of at most MOST_BYTES holds; `kind` says in errors what it should be, as in "a CSV file".

    Raises
    ------
    InputError
        If there is no such file, or it is a folder, a pipe or a device, or too large.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"{name} must be the path of {kind}, not {show(path)}")
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise OSError(0, "it is a folder")
        if not stat.S_ISREG(status.st_mode):  # there may be no end to what it gives, or nothing to wait for
            raise OSError(0, "it is a pipe or a device")
        if status.st_size > MOST_BYTES:
            raise OSError(0, f"it is larger than {MOST_BYTES >> 20} MB")
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{name} must be {kind} that can be read, but {_quoted(path)} cannot ({error.strerror})") from None
    except ValueError as error:  # a NUL in the path
        raise InputError(f"{name} must be {kind} that can be read, but {_quoted(path)} cannot ({error})") from None


def read_text(path: str | os.PathLike[str], kind: str, name: str = "path") -> str:
    """The UTF-8 text of a file without a byte-order mark, lines ended by \\n; refused like `read_bytes`, and if not UTF-8."""
    try:
        text = read_bytes(path, kind, name).decode("utf-8-sig")
        return text.replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} must be {kind} in UTF-8, but {_quoted(path)} is not ({error.reason})") from None


def _quoted(path: str | os.PathLike[str]) -> str:
    return show(os.fspath(path))


def write_text(path: str | os.PathLike[str], text: str, name: str = "path") -> None:
    """Write UTF-8 text to `path`, whole or not at all."""
    with replacing(path, name) as temporary:
        temporary.write_text(text, encoding="utf-8")
