"""The states of a run: those in which it is at work, and those that it never leaves."""

ACTIVE = ("pending", "running")
ENDED = ("completed", "failed", "cancelled")
