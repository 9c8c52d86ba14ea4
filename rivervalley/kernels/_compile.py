"""How kernels are compiled, and where the compiled code is kept.

numba's own cache does not notice a change in a function that a kernel calls from another file. So the cache lives in a
folder named by a hash of every kernel source, the versions and the settings that change the generated code: any edit
starts an empty cache. The folder is $RIVERVALLEY_CACHE_DIR, $NUMBA_CACHE_DIR/rivervalley or the user's cache folder; where
none can be written to, nothing is cached. RIVERVALLEY_CACHE_DIR=off turns it off.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import njit
from numba.core import config

_CODE_SETTINGS = (
    "NUMBA_OPT",
    "NUMBA_BOUNDSCHECK",
    "NUMBA_CPU_NAME",
    "NUMBA_CPU_FEATURES",
    "NUMBA_LOOP_VECTORIZE",
    "NUMBA_SLP_VECTORIZE",
)


def _sources_hash() -> str:
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    versions = (numba.__version__, np.__version__, sys.version, *(f"{name}={os.environ.get(name)}" for name in _CODE_SETTINGS))
    digest.update("\0".join(versions).encode())
    return digest.hexdigest()[:20]


def _cache_folder() -> Path | None:
    chosen = os.environ.get("RIVERVALLEY_CACHE_DIR")
    if chosen == "off":
        return None
    if chosen:
        base = Path(chosen)
    elif config.CACHE_DIR:
        base = Path(config.CACHE_DIR) / "rivervalley"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local") / "rivervalley"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "rivervalley"
    try:
        folder = base.expanduser() / _sources_hash()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: a user without a home folder, as in some containers
        return None
    return folder if os.access(folder, os.W_OK) else None


CACHE_FOLDER = _cache_folder()


def kernel(function: Callable[..., Any]) -> Any:
    """Compile an entry point: serial, without the GIL, cached on disk, divisions as in NumPy, no fastmath."""
    if CACHE_FOLDER is None:
        return njit(function, nogil=True, error_model="numpy")
    # numba reads its cache folder when a function is decorated; the setting is put back for everybody else.
    before = config.CACHE_DIR
    config.CACHE_DIR = str(CACHE_FOLDER)
    try:
        return njit(function, nogil=True, error_model="numpy", cache=True)
    finally:
        config.CACHE_DIR = before


def device(function: Callable[..., Any]) -> Any:
    """Compile a function that kernels call; always inlined into its caller, so that the caller's loop vectorises over it."""
    return njit(function, nogil=True, error_model="numpy", forceinline=True)
