"""The lists that hang on a site, narrowed as asked."""
