"""The HTTP transport: one request from its slot to its status, and the retries of calls.

Nothing else imports an HTTP library.
"""
