"""Fuzzing that goes on: `make fuzz MINUTES=n` (docs/security.md)."""
