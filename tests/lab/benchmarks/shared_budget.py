"""Eight processes with one budget: ``python -m tests.lab.benchmarks.shared_budget``."""

from tests.lab.budgets.saturated import main

if __name__ == "__main__":
    main()
