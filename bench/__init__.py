"""What tcptune costs, as ratios taken in one run: `make bench`."""
