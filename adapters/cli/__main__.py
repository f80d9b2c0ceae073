"""The process of the command ``presage``.

Nothing has begun while modules are imported: Ctrl-C then ends the process as it ends any other, and not with
a traceback from somewhere among them.
"""

import signal

_interrupts = signal.getsignal(signal.SIGINT)
if _interrupts is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from adapters.cli.main import main as run_command  # noqa: E402 (first the signal)


def main() -> None:
    """Run the command."""
    signal.signal(signal.SIGINT, _interrupts)
    run_command()


if __name__ == "__main__":
    main()
