"""The sockets themselves: read, tallied, grouped, and the ports that they use."""
