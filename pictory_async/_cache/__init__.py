"""Templates that were fetched before, kept in memory or on disk."""
