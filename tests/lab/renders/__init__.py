"""A program that renders with a ledger, and that kills itself at a step of your choice."""
