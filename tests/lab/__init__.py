"""Laboratories: random worlds, benchmarks, endurance and rates. Each is a program of its own."""
