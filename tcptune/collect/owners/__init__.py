"""Who holds a socket: its cgroup, its process."""
