"""The event log in JSON Lines: lines, segment files, index, writer and reader."""
