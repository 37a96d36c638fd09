"""What the command shows: text, tables, progress bars and the live view."""
