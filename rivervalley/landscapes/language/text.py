"""A bigram language counted from a text file of any size."""

from __future__ import annotations

import codecs
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rivervalley._common import checks
from rivervalley._common.checks import InputError, IntArray
from rivervalley.landscapes.language.language import Language
from rivervalley.landscapes.registry import LANGUAGES

_CHUNK_BYTES = 4_000_000
_LONGEST_WORD = 1_000  # letters after which a word is cut
_MOST_WORDS = 1_000_000  # different words held while counting; beyond, the rarest are dropped
_WORD = re.compile(rf"\w{{1,{_LONGEST_WORD}}}|[^\w\s]")
_OPEN = re.compile(r"\w\Z")
_CODE_POINTS = 0x110000
OTHER = "<other>"
MOST_TOKENS = 8_192


@LANGUAGES.add("text", 'text("book.txt", tokens="character")', "the bigrams of a text")
def from_text(path: str | os.PathLike[str], tokens: str = "byte", vocabulary: int | None = None) -> Language:
    """The bigram language of a text: the frequencies with which tokens follow each other in it.

    The file is read in pieces, twice where tokens are chosen by frequency, so that it may be larger than memory.

    Parameters
    ----------
    path : path
    tokens : {"byte", "character", "word"}
        Words are runs of letters, digits and underscores, cut after every 1000, and every other mark that is no space. A
        byte-order mark at the start is no character and no word; among bytes it counts as the three that it is.
    vocabulary : int, optional
        At most so many tokens: the most frequent ones, the last being "<other>" for all the rest. 256 for bytes and
        characters, 1000 for words, where not given; at most 8192. Bytes that do not occur are left out.

    Returns
    -------
    Language
        Contexts and tokens are named; a token that nothing follows is no context.

    Raises
    ------
    InputError
        If the file cannot be read, is not UTF-8 (for characters and words) or holds fewer than 2 different tokens.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "text.txt"
    ...     _ = file.write_text("abab abba")
    ...     language = from_text(file, tokens="character")
    >>> language.token_names
    ('a', 'b', ' ')
    """
    checks.choice("tokens", tokens, ("byte", "character", "word"))
    limit = 1000 if tokens == "word" else 256
    most = limit if vocabulary is None else checks.integer("vocabulary", vocabulary, 2, MOST_TOKENS)
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"path must be a file's path, not {checks.show(path)}")
    try:
        names, pieces = {"byte": _bytes, "character": _characters, "word": _words}[tokens](Path(path), most)
        pairs = _count_pairs(pieces, len(names))
    except OSError as error:
        raise InputError(f"path must be a file that can be read, but {str(path)!r} cannot ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(f"path must be a text in UTF-8, but {str(path)!r} is not ({error.reason})") from None
    return from_counts(pairs, names, f"{str(path)!r}")


def from_counts(pairs: PairCounts, names: tuple[str, ...], origin: str) -> Language:
    """The language in which tokens follow each other so often; tokens and contexts without any are left out."""
    first, second = np.divmod(pairs.codes, max(len(names), 1))
    before, after = np.unique(first), np.unique(second)
    if after.size < 2:
        raise InputError(f"path must be a text in which at least 2 different tokens follow others, which {origin} is not")
    rows, columns = np.searchsorted(before, first), np.searchsorted(after, second)
    contexts, tokens = (tuple(names[k] for k in numbers) for numbers in (before, after))
    return Language.from_pairs(rows, columns, pairs.times, contexts, tokens)


@dataclass(frozen=True)
class PairCounts:
    """How often neighbours come: `codes` (n,) rising, first * tokens + second of each pair that occurs, and `times` (n,)."""

    codes: IntArray
    times: IntArray


def _count_pairs(pieces: Iterable[IntArray], size: int) -> PairCounts:
    """How often each pair of neighbours comes over pieces of one sequence; memory grows with the pairs that occur."""
    codes: IntArray = np.empty(0, dtype=np.int64)
    times: IntArray = np.empty(0, dtype=np.int64)
    last: IntArray = np.empty(0, dtype=np.int64)
    for piece in pieces:
        sequence = np.concatenate([last, piece])
        here, often = np.unique(sequence[:-1] * size + sequence[1:], return_counts=True)
        merged, places = np.unique(np.concatenate([codes, here]), return_inverse=True)
        total = np.zeros(merged.size, dtype=np.int64)
        np.add.at(total, places, np.concatenate([times, often]))
        codes, times = merged, total
        last = sequence[-1:]
    return PairCounts(codes, times)


def _blocks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while block := file.read(_CHUNK_BYTES):
            yield block


def _texts(path: Path) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    for block in _blocks(path):
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _bytes(path: Path, most: int) -> tuple[tuple[str, ...], Iterator[IntArray]]:
    counts = np.zeros(256, dtype=np.int64)
    for block in _blocks(path):
        counts += np.bincount(np.frombuffer(block, np.uint8), minlength=256)
    number, chosen = _numbered(counts, most)
    names = tuple(repr(bytes([code]))[2:-1] for code in chosen)
    pieces = (number[np.frombuffer(block, np.uint8)] for block in _blocks(path))
    return _with_other(names, counts, most), pieces


def _code_points(path: Path) -> Iterator[IntArray]:
    for text in _texts(path):
        yield np.frombuffer(text.encode("utf-32-le"), "<u4").astype(np.int64)


def _characters(path: Path, most: int) -> tuple[tuple[str, ...], Iterator[IntArray]]:
    counts = np.zeros(_CODE_POINTS, dtype=np.int64)
    for codes in _code_points(path):
        counts += np.bincount(codes, minlength=_CODE_POINTS)
    number, chosen = _numbered(counts, most)
    return _with_other(tuple(chr(code) for code in chosen), counts, most), (number[codes] for codes in _code_points(path))


def _numbered(counts: IntArray, most: int) -> tuple[IntArray, IntArray]:
    """Number of each code, the frequent ones first and all the rest in one; and the codes that have their own number."""
    order = np.argsort(-counts, kind="stable")[: int(np.count_nonzero(counts))]
    chosen = order if order.size <= most else order[: most - 1]
    number = np.full(counts.size, chosen.size, dtype=np.int64)
    number[chosen] = np.arange(chosen.size)
    return number, chosen


def _with_other(names: tuple[str, ...], counts: IntArray, most: int) -> tuple[str, ...]:
    return (*names, OTHER) if np.count_nonzero(counts) > most else names


def _pieces_of_words(path: Path) -> Iterator[list[str]]:
    rest = ""
    for text in _texts(path):
        text = rest + text
        words = _WORD.findall(text)
        # A word that ends with the piece may go on in the next one.
        rest = words.pop() if _OPEN.search(text) else ""
        yield words
    yield _WORD.findall(rest)


def _words(path: Path, most: int) -> tuple[tuple[str, ...], Iterator[IntArray]]:
    counts: Counter[str] = Counter()
    dropped = 0
    for words in _pieces_of_words(path):
        counts.update(words)
        while len(counts) > _MOST_WORDS:
            # The rarest go, as in lossy counting: what is frequent in the whole text is frequent in most pieces.
            dropped += 1
            counts = Counter({word: count for word, count in counts.items() if count > dropped})
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    rare = len(ranked) > most or dropped > 0
    names = tuple(word for word, _ in ranked[: most - 1 if rare else most])
    number = {word: k for k, word in enumerate(names)}
    other = len(names)

    def pieces() -> Iterator[IntArray]:
        for words in _pieces_of_words(path):
            yield np.fromiter((number.get(word, other) for word in words), np.int64, len(words))

    return (*names, OTHER) if rare else names, pieces()
