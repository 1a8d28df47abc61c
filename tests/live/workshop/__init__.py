"""What the live tests and the benchmark are made with: namespaces, links, silent peers, sockets in every state."""
