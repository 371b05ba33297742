"""`python -m cli` is `jobstream`."""

from cli.main import main

main()
