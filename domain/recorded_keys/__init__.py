"""Which keys of the application secret a database was written with."""
