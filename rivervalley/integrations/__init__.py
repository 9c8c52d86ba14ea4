"""Callbacks that watch a run from within training libraries; each module needs its library, and nothing else imports it.

from rivervalley.integrations.transformers import WatchCallback      # for transformers.Trainer
from rivervalley.integrations.lightning import WatchCallback         # for lightning.Trainer
"""
