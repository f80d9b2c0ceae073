"""``python -m adapters.cli``: the command ``presage`` for a process that starts another one."""

from adapters.cli.main import main

main()
