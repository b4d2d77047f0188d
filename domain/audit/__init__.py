"""The audit: what people and scripts changed, in a chain of rows that shows when one was tampered with."""
