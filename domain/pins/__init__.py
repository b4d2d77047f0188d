"""PINs: whose they are, which locks hold them when, and that no two at a site have the same digits."""
