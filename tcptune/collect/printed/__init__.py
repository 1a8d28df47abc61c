"""What other programs printed of a machine, read back."""
