"""JSON from the API to models and back. The only wing that knows how the API spells its fields."""
