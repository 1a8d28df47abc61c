"""tcptune: an advisor for how Linux closes TCP connections."""

__version__ = "0.1.0"
