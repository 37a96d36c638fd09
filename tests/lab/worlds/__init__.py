"""Deterministic worlds: one seed makes projects with lives, a server with faults, and users who change their minds.

The real client runs in each of them on virtual time. Afterwards its promises are checked against the world's own log.
``python -m tests.lab.worlds --seeds 1000`` runs many; ``--seed 17`` replays one and prints its history.
"""
