"""Servers with limits that they do not tell, and clients that have to find them: ``python -m tests.lab.rates``."""
