"""A process that makes loopback connections when told to, and holds them until its standard input ends.

`python -m bench.holder 127.0.0.5`, then lines such as `established 3750`; each is answered with `done`.
It is run in a namespace of the benchmark's own. Each connection has both of its ends here.
"""

from __future__ import annotations

import resource
import socket
import sys

BACKLOG = 64


def main(host: str) -> None:
    """Obey standard input."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    held: list[socket.socket] = []
    with socket.create_server((host, 0), backlog=BACKLOG) as listener:
        for line in sys.stdin:
            what, count = line.split()
            make = MAKERS[what]
            for _ in range(int(count)):
                caller = socket.create_connection(listener.getsockname())
                held += make(caller, listener.accept()[0])
            print("done", flush=True)


def established(caller: socket.socket, called: socket.socket) -> list[socket.socket]:
    """Two sockets in ESTABLISHED."""
    return [caller, called]


def half_closed(caller: socket.socket, called: socket.socket) -> list[socket.socket]:
    """One in FIN-WAIT-2, one in CLOSE-WAIT, both for as long as they are held."""
    caller.shutdown(socket.SHUT_WR)
    return [caller, called]


def time_wait(caller: socket.socket, called: socket.socket) -> list[socket.socket]:
    """One in TIME-WAIT, for 60 s; it needs no process."""
    caller.close()
    called.recv(1)
    called.close()
    return []


MAKERS = {"established": established, "half_closed": half_closed, "time_wait": time_wait}

if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except OSError as error:
        print(error.strerror, flush=True)
