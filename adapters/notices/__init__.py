"""How notices leave the process: signed requests over HTTP, a line of the log."""
