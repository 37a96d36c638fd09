"""The subcommands, one file each; a list and the things in it share a file."""
