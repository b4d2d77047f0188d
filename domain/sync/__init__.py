"""What locks should hold, how it gets to them, and what they report; it knows payloads, never whose."""
