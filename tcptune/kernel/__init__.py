"""What we know about Linux, with its sources; imports nothing of ours and touches nothing."""
