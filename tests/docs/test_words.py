"""The package speaks the words of docs/terms.md: phrases that it once had for them do not come back."""

import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTEAD = {
    r"bands? that holds?": "calibrated 90 % prediction interval",
    r"cannot tell": "not identifiable from these curves, or has no discriminating power",
    r"carr(y|ies) over": "transfers across peak LRs",
    r"gone on from": "resumed",
    r"parted by": "comma-separated, or separated by",
    r"drawn to(ward)?\b": "regularised toward",
    r"hangs? on\b": "depends on",
    r"errors go together": "errors are correlated",
    r"made by hand": "constructed directly",
    r"what the warm-up counts": "how warm-up enters S1 and S2",
    r"no amount is enough": "unreachable",
    r"strains?\b": "error ratio",
    r"quench(es)?\b": "cooldown",
    r"(summed (LR|(learning )?rate)s?|sum of (the )?(rates|LRs))": "cumulative LR",
}
RENAMED = (
    *("Nonlinear", "rate_term", "LeftOut", "MISFIT", "UNSEEN", "RUN", "SUDDEN", "DEEP", "WATCHED", "Option", "DecayNow"),
    *("optimal_quench", "strain"),
)
# docs/terms.md names the words of others beside ours, the changelog what was renamed, and a kernel is left as it is compiled.
EXEMPT = {"docs/terms.md", "CHANGELOG.md", "rivervalley/kernels/mixture.py"}


def texts():
    for folder, pattern in (("rivervalley", "*.py"), ("sims", "*.py"), ("docs", "*.md"), (".", "*.md")):
        files = (ROOT / folder).glob(pattern) if folder == "." else (ROOT / folder).rglob(pattern)
        for path in sorted(files):
            if not {"_build", "_generated"} & set(path.parts) and path.relative_to(ROOT).as_posix() not in EXEMPT:
                yield path


@pytest.mark.parametrize("phrase", INSTEAD)
def test_no_text_has_a_phrase_for_which_the_field_has_a_word(phrase):
    pattern = re.compile(rf"\b{phrase}".replace(" ", r"\s+"), re.IGNORECASE)
    places = [
        f"{path.relative_to(ROOT)}: {match.group()!r}, say {INSTEAD[phrase]}"
        for path in texts()
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not places, "\n".join(places)


def test_no_name_that_was_given_up_comes_back():
    places = []
    for path in texts():
        if path.suffix == ".py":
            tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
            places += [f"{path.name}:{token.start[0]}: {token.string}" for token in tokens if token.string in RENAMED]
    assert not places, "\n".join(places)


def test_the_pattern_notices_a_phrase_over_two_lines():
    assert re.compile(r"\bparted by".replace(" ", r"\s+"), re.IGNORECASE).search("names Parted\n    by commas")
