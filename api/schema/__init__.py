"""The GraphQL types, inputs and errors: one file a noun. The printed form is `schema.graphql` at the top."""
