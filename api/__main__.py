"""`python -m api` is `latchwork`."""

from api.cli import main

main()
