"""The river-valley view of warmup-stable-decay."""
