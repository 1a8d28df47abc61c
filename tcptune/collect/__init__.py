"""The edge: one module for each place we read; `everything.collect()` asks them all."""
