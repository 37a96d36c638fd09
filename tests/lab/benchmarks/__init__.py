"""What a poll costs, beside the peers; see ``python -m tests.lab.benchmarks --help``."""
