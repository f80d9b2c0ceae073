"""The whole exchange in one process, under a seed: commands, faults, time and ids all come from it."""
