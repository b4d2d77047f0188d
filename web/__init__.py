"""The plain pages behind links; the web console and the phone app will live here."""
