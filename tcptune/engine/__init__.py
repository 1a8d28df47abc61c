"""Rules: their shape, their language, their run. Knows nothing of any particular fact."""
