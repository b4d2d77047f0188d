"""The audit: what people and scripts changed, in a chain that shows what was changed of it afterwards."""
