"""The lists of a site: members, locks, PINs and so on, narrowed as asked."""
