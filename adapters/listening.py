"""Taking an address to listen at."""

import errno
import socket

BACKLOG = 2_048


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address. Raises :class:`OSError`, for what is no host at all too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except (TypeError, ValueError) as error:  # a name that cannot be written as names of hosts are
        listener.close()
        raise OSError(errno.EINVAL, "no name of a host") from error
    except BaseException:
        listener.close()
        raise
    return listener
