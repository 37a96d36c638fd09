"""Tests of the `pictory` command."""
