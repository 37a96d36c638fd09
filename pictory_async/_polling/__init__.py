"""The render poller: it watches many projects at once, and decides what each response proves."""
