"""Counting tries, so that nobody guesses on and on."""
