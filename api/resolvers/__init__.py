"""What each operation calls: one file a noun, the same names as the schema's. A resolver calls a service and converts."""
