"""What takes minutes, over real sockets: cancellation in great numbers, and a long run with faults."""
