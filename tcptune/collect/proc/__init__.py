"""What /proc shows: settings, counts, counters, the machine, the table of sockets."""
