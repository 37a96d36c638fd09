"""Worlds of files: processes that download and back up into one directory, one system call at a time.

Each seed is a world of its own. Between any two system calls a process may be killed, somebody may delete, replace or
edit a file, and what the server sends may change. After every call, every file must be complete.
"""
