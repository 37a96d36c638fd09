"""Files on disk: downloads, template backups and reports, each complete or absent."""
