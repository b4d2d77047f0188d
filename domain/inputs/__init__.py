"""How use cases take what a caller gives: moments, and partial updates."""
