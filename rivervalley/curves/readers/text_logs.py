"""Lines that trainers print for people: nanoGPT, torchtitan, Megatron-LM, and others that put a step and a loss on a line.

iter 250: loss 4.1215, time 163.86ms, mfu 11.03%                                         nanoGPT
step 250: train loss 4.1110, val loss 4.1380                                             nanoGPT, evaluation
[titan] ... - root - INFO - step: 250  loss:  4.1215  grad_norm:  0.5183  tps: 7,334     torchtitan
iteration      250/   1000 | learning rate: 3.0E-04 | lm loss: 4.121500E+00 |            Megatron-LM
validation loss at iteration 250 | lm loss value: 4.138000E+00 | lm loss PPL: ... |      Megatron-LM, evaluation
step:250/1480 val_loss:4.1380 train_time:50212ms                                         modded-nanogpt
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rivervalley.curves.readers.log import Log, Records, Source

_NUMBER = r"[-+]?(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf(?:inity)?)"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_STEP = re.compile(
    r"(?P<kind>\bvalidat\w*\s+(?:loss at\s+)?)?\b(?:iter(?:ation)?|step)\b[\s:=]*(?P<step>\d+)(?:\s*/\s*\d+)?\b(?P<rest>[^\n]*)",
    re.IGNORECASE,
)
_PAIR = re.compile(rf"(?P<name>[A-Za-z][\w /.-]*?)(?:\s+value)?[\s:=]\s*(?P<number>{_NUMBER})(?=[\s,|;)%]|$)", re.IGNORECASE)
_LOSS = re.compile(r"\b(?:iter(?:ation)?|step)\b[\s:=]*\d+[^\n]*loss\b[^\n\d]*\d", re.IGNORECASE)


def is_text_log(text: str) -> bool:
    """Whether some line puts a loss beside a step."""
    return _LOSS.search(_COLOUR.sub("", text) if "\x1b" in text else text) is not None


def text_logs(source: Source, text: str) -> list[Log]:
    """The run of a text log. Lines without a step and a loss or a learning rate are passed over."""
    gathered = Records(source, "line")
    for number, line in enumerate((_COLOUR.sub("", text) if "\x1b" in text else text).split("\n"), 1):
        match = _STEP.search(line)
        if match is None:
            continue
        numbers = dict(_pairs(match["rest"], "validation " if match["kind"] else ""))
        if any("loss" in name or "lr" in name or "learning rate" in name for name in numbers):
            gathered.add(number, {"step": float(match["step"]), **numbers})
    return [gathered.log()]


def _pairs(rest: str, prefix: str) -> Iterator[tuple[str, float]]:
    """Names and numbers of the rest of a line."""
    for segment in re.split(r"\s*\|\s*|,\s+|\s{2,}(?=[A-Za-z])", re.sub(r"\s*[:=]\s*", ":", rest)):
        parts = segment.split() if segment.count(":") > 1 else [segment]
        for part in parts:
            match = _PAIR.fullmatch(part.strip(" :,|"))
            if match is not None:
                yield prefix + match["name"].strip(), float(match["number"].replace(",", ""))
