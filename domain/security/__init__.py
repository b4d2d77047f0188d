"""Cryptography of the application: plain functions and classes that import nothing of ours."""
