"""Tests of the shipped simulator."""
