"""How long sign-ins last, and what belongs to them."""

from datetime import timedelta

SESSION_LIFETIME = timedelta(hours=12)
PHONE_LIFETIME = timedelta(days=90)
TICKET_LIFETIME = timedelta(minutes=5)
"""Between a right password and the second factor."""
CONFIRMED_FOR = timedelta(minutes=15)
"""After `confirmPassword`: time to set up an authenticator."""
KNOWN_FOR = timedelta(days=180)
"""How long a browser stays known without signing in again."""
