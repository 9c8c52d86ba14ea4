"""Languages made by rule and counted from texts."""

import itertools
import re
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rivervalley._common.checks import InputError
from rivervalley.landscapes import Language, cities, dirichlet, from_text, zipf
from rivervalley.landscapes.language import text


def test_entropies():
    language = Language([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]], [3.0, 2.0, 1.0])
    np.testing.assert_allclose(language.entropies, [0.0, np.log(2), np.log(3)], rtol=1e-14)
    assert language.entropy == pytest.approx((2 * np.log(2) + np.log(3)) / 6, rel=1e-14)
    np.testing.assert_allclose(language.pi, [0.5, 1 / 3, 1 / 6])
    assert not language.pi.flags.writeable and not language.transitions.flags.writeable


def test_cities_have_equally_likely_names():
    language = cities([1, 3, 5], vocabulary=6, frequencies=[1, 1, 2])
    np.testing.assert_allclose(language.entropies, np.log([1, 3, 5]), atol=1e-15)
    assert language.vocabulary == 6
    assert cities([1, 1]).vocabulary == 2


@settings(deadline=None, max_examples=50)
@given(concentration=st.floats(1e-4, 1e4), seed=st.integers(0, 2**63))
def test_dirichlet_rows_are_laws(concentration, seed):
    language = dirichlet(20, 8, concentration, seed=seed)
    assert np.all(language.transitions >= 0)
    np.testing.assert_allclose(language.transitions.sum(axis=1), 1.0, rtol=1e-14)
    assert np.all(language.entropies <= np.log(8) + 1e-12)


def test_dirichlet_has_the_moments_of_its_law():
    p = dirichlet(40_000, 4, 0.3, seed=1).transitions
    # Variance of an entry is m (1 - m) / (n a + 1); six standard errors.
    variance = 0.25 * 0.75 / (4 * 0.3 + 1)
    assert np.all(np.abs(p.mean(axis=0) - 0.25) < 6 * np.sqrt(variance / 40_000))
    squared = (p - 0.25) ** 2
    assert np.all(np.abs(squared.mean(axis=0) - variance) < 6 * squared.std(axis=0) / 200)
    graded = dirichlet(2, 50, [0.01, 100.0], seed=0)
    assert graded.entropies[0] < 1.5 < 3.5 < graded.entropies[1]


def test_zipf():
    np.testing.assert_allclose(zipf(3, 2.0), np.array([1, 1 / 4, 1 / 9]) / (1 + 1 / 4 + 1 / 9))


@pytest.mark.parametrize(
    "make, about",
    [
        (lambda: Language([[1.0]]), "at least 2 tokens"),
        (lambda: Language([[0.5, 0.4]]), "sum to 1"),
        (lambda: Language([[1.5, -0.5]]), "transitions"),
        (lambda: Language([[np.nan, 1.0]]), "transitions"),
        (lambda: Language([0.5, 0.5]), "dimension"),
        (lambda: Language([[0.5, 0.5]], [1.0, 1.0]), "frequencies"),
        (lambda: Language([[0.5, 0.5]], [0.0]), "frequencies"),
        (lambda: Language([[0.5, 0.5]], token_names=["a"]), "token_names"),
        (lambda: Language([[0.5, 0.5]], context_names="a"), "context_names"),
        (lambda: cities([]), "names"),
        (lambda: cities([0]), "names"),
        (lambda: cities("12"), "names"),
        (lambda: cities([3], vocabulary=2), "vocabulary"),
        (lambda: dirichlet(0, 3), "contexts"),
        (lambda: dirichlet(3, 1), "vocabulary"),
        (lambda: dirichlet(3, 3, 0.0), "concentration"),
        (lambda: dirichlet(3, 3, [1.0]), "concentration"),
        (lambda: dirichlet(3, 3, seed=-1), "seed"),
        (lambda: dirichlet(10**5, 10**5), "vocabulary"),
        (lambda: zipf(0), "count"),
        (lambda: zipf(3, np.inf), "exponent"),
        (lambda: from_text("nowhere.txt"), "nowhere.txt"),
        (lambda: from_text(3), "path"),
        (lambda: from_text("x", "syllable"), "tokens"),
        (lambda: from_text("x", vocabulary=1), "vocabulary"),
        (lambda: from_text("x", vocabulary=10**6), "vocabulary"),
    ],
)
def test_bad_input_is_refused(make, about):
    with pytest.raises(InputError, match=about):
        make()


def counted(sequence):
    """Frequencies of neighbours by name, the slow way."""
    pairs = Counter(itertools.pairwise(sequence))
    return {pair: count / (len(sequence) - 1) for pair, count in pairs.items()}


def told(language):
    joint = language.pi[:, None] * language.transitions
    return {(language.context_names[i], language.token_names[j]): joint[i, j] for i, j in np.argwhere(joint > 0)}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for pair, share in expected.items():
        assert found[pair] == pytest.approx(share, rel=1e-12), pair


LETTERS = st.text(st.sampled_from("ab é漢😀\n ,"), min_size=3, max_size=300)


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "_CHUNK_BYTES", 7)
    return tmp_path / "text.txt"


SETTINGS = settings(deadline=None, max_examples=60, suppress_health_check=["function_scoped_fixture"])


@SETTINGS
@given(content=LETTERS)
def test_characters_are_counted_as_by_hand(file, content):
    file.write_bytes(content.encode())
    if len(set(content[1:])) < 2:
        with pytest.raises(InputError, match="2 different"):
            from_text(file, "character")
        return
    assert_same(told(from_text(file, "character")), counted(content))


@SETTINGS
@given(content=LETTERS)
def test_bytes_are_counted_as_by_hand(file, content):
    data = content.encode()
    file.write_bytes(data)
    if len(set(data[1:])) < 2:
        return
    assert_same(told(from_text(file)), counted([repr(bytes([code]))[2:-1] for code in data]))


@SETTINGS
@given(content=LETTERS)
def test_words_are_counted_as_by_hand(file, content):
    file.write_bytes(content.encode())
    words = re.findall(r"\w+|[^\w\s]", content)
    if len(set(words[1:])) < 2:
        return
    assert_same(told(from_text(file, "word")), counted(words))


@SETTINGS
@given(content=LETTERS, most=st.integers(2, 5))
def test_rare_tokens_are_one(file, content, most):
    file.write_bytes(content.encode())
    times = Counter(content)
    ranked = sorted(times, key=lambda letter: (-times[letter], ord(letter)))
    kept = set(ranked if len(ranked) <= most else ranked[: most - 1])
    named = [letter if letter in kept else text.OTHER for letter in content]
    if len(set(named[1:])) < 2:
        return
    found = from_text(file, "character", most)
    assert found.vocabulary <= most
    assert_same(told(found), counted(named))


def test_rare_words_beyond_memory_are_dropped(file, monkeypatch):
    monkeypatch.setattr(text, "_MOST_WORDS", 20)
    rng = np.random.default_rng(0)
    words = [f"rare{k}" if rng.random() < 0.3 else f"word{rng.integers(5)}" for k in range(3000)]
    file.write_text(" ".join(words))
    found = from_text(file, "word", 6)
    assert sorted(found.token_names) == sorted([*(f"word{k}" for k in range(5)), text.OTHER])
    assert_same(told(found), counted([word if word.startswith("word") else text.OTHER for word in words]))


@pytest.mark.parametrize("chunk", [7, 999, 1000, 1001, 10**6])
def test_a_word_is_cut_after_every_thousand_letters_wherever_a_piece_ends(file, monkeypatch, chunk):
    monkeypatch.setattr(text, "_CHUNK_BYTES", chunk)
    file.write_text("ab " + "x" * 2500 + " ab 12." + "y" * 1000 + "z")
    words = ["ab", "x" * 1000, "x" * 1000, "x" * 500, "ab", "12", ".", "y" * 1000, "z"]
    assert_same(told(from_text(file, "word")), counted(words))


@pytest.mark.parametrize("tokens", ["character", "word"])
def test_a_byte_order_mark_is_no_token(file, tokens):
    file.write_bytes(b"\xef\xbb\xbf" + b"ab ab ba ab")
    marked = from_text(file, tokens)
    file.write_bytes(b"ab ab ba ab")
    plain = from_text(file, tokens)
    assert marked.token_names == plain.token_names and marked.context_names == plain.context_names
    np.testing.assert_array_equal(marked.transitions, plain.transitions)
    file.write_bytes(b"\xef\xbb\xbf" + b"ab ab ba ab")
    assert "\\xef" in from_text(file).context_names


@pytest.mark.slow
def test_the_largest_vocabulary_takes_one_table(tmp_path):
    rng = np.random.default_rng(0)
    words = np.minimum(rng.zipf(1.2, 400_000), 12_000)
    path = tmp_path / "text.txt"
    path.write_text(" ".join(f"w{k}" for k in words))
    tracemalloc.start()
    language = from_text(path, "word", 8192)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert language.vocabulary > 7000
    np.testing.assert_allclose(language.transitions.sum(axis=1), 1.0, rtol=1e-12)
    assert peak < 600e6


@pytest.mark.parametrize("tokens", ["character", "word"])
def test_what_is_no_utf8_is_refused(file, tokens):
    for data in (b"abc \xff abc", b"abc abc \xe6\xbc"):
        file.write_bytes(data)
        with pytest.raises(InputError, match="UTF-8"):
            from_text(file, tokens)
    assert from_text(file).vocabulary > 2


@pytest.mark.parametrize("tokens", ["byte", "character", "word"])
@pytest.mark.parametrize("content", ["", "a", "aaaa", "   "])
def test_texts_without_two_tokens_are_refused(file, tokens, content):
    file.write_text(content)
    with pytest.raises(InputError, match="path"):
        from_text(file, tokens)
