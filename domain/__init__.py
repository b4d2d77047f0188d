"""What Latchwork does: rules, records and use cases; no HTTP and no GraphQL."""
