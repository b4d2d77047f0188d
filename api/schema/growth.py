"""What the schema says of enums, unions and interfaces to which members may be added without a word."""

from typing import Final

GROWS: Final = "Others may be added."
"""The last sentence of such a description: a client passes over what it does not know."""
