"""Policies for replays: files of other rules, and reports of what they would have come to."""
