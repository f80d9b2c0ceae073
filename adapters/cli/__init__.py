"""The command line: one module per command or group of commands, loaded when it is used."""
