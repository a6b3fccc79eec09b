from harness import main

from . import command_line, outages, routing, settling, values, worker  # noqa: F401

main()
