"""Tests of what projects and templates tell."""
