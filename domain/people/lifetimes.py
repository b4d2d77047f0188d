"""How long a sign-in holds by itself."""

from datetime import timedelta

SESSION_LIFETIME = timedelta(hours=12)
PHONE_LIFETIME = timedelta(days=90)
TICKET_LIFETIME = timedelta(minutes=5)
"""Between a right password and the second factor."""
CONFIRMED_FOR = timedelta(minutes=15)
"""After `confirmPassword`: time to set up an authenticator."""
KNOWN_FOR = timedelta(days=180)
"""How long a browser is known that does not sign in again."""
