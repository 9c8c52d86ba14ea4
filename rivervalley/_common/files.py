"""Files written beside their final name and renamed into place, so that an interrupt never leaves half a file."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rivervalley._common.checks import InputError, writable


@contextmanager
def replacing(path: str | os.PathLike[str], name: str = "path") -> Iterator[Path]:
    """A temporary path in the folder of `path`, renamed to `path` when the block ends well and removed when it does not.

    The temporary name keeps the suffix of `path`, which writers such as matplotlib read the format from. A file that was
    there keeps its permissions, and where `path` is a link, what it points to is replaced.
    """
    target = Path(os.path.realpath(writable(name, path)))
    writable(name, target)
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=target.suffix, dir=target.parent)
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


def write_text(path: str | os.PathLike[str], text: str, name: str = "path") -> None:
    """Write UTF-8 text to `path`, whole or not at all."""
    with replacing(path, name) as temporary:
        temporary.write_text(text, encoding="utf-8")
