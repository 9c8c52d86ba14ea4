"""What a schedule may be called in a text, and the shapes that a decay may have."""

from __future__ import annotations

from rivervalley._common.registry import Registry

SCHEDULES = Registry("schedule")
DECAY_SHAPES = Registry("decay shape")
