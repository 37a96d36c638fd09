"""The calls that users make: ``client.projects``, ``client.templates``, ``client.jobs`` and their lists."""
