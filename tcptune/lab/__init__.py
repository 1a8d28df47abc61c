"""Every closing state, made on the kernel we run on, in network namespaces of its own; predicted against measured."""
