"""What keeps requests in check: the rate limiter, its queue, and the slots for requests in flight."""
