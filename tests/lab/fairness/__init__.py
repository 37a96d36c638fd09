"""Renders that are watched beside users who call the same client: ``python -m tests.lab.fairness``."""
