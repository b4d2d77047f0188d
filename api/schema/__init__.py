"""The GraphQL types, inputs and errors: one file a noun. The printed form is `schema.graphql` at the top."""

from api.schema import enums

__all__ = [
    "enums"
]  # registered before any type names one: Strawberry would make do without descriptions
