"""Taking an address to listen at."""

import errno
import resource
import socket

BACKLOG = 2_048
_CONNECTIONS_MAX = 10_000


def listening_socket(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket that listens at an address, together with others if all of them are ``shared``.

    Raises :class:`OSError`, for what is no host at all too.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        _bind(listener, host, port, shared=shared)
        listener.listen(BACKLOG)
    except (TypeError, ValueError) as error:  # a name that cannot be written as names of hosts are
        listener.close()
        raise OSError(errno.EINVAL, "no name of a host") from error
    except BaseException:
        listener.close()
        raise
    return listener


def not_listening_yet(listener: socket.socket) -> socket.socket:
    """Return a socket at the address that another one shares: nobody is led to it before it listens."""
    another = socket.socket(listener.family, socket.SOCK_STREAM)
    try:
        _bind(another, *listener.getsockname()[:2], shared=True)
    except OSError:
        another.close()
        raise
    return another


def _bind(taken: socket.socket, host: str, port: int, *, shared: bool) -> None:
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    taken.bind((host, port))
    taken.setblocking(False)


def listening_together(host: str, port: int, number: int) -> list[socket.socket]:
    """Return that many sockets that listen at one address, over which connections are spread.

    Raises :class:`OSError`, also where others listen there who would share.
    """
    listening_socket(host, port).close()
    first = listening_socket(host, port, shared=True)
    listeners = [first]
    try:
        listeners += [listening_socket(host, first.getsockname()[1], shared=True) for _ in range(number - 1)]
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def most_connections() -> int:
    """Return how many connections leave enough of what this process may open for everything else."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(_CONNECTIONS_MAX, descriptors // 2)
