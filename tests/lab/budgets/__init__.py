"""Worlds of shared budgets: several processes, faults of all kinds, and laws that hold in each."""
