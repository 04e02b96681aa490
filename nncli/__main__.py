"""`nncli`, and `python -m nncli`."""

import sys


def main() -> None:
    """The command line. Ctrl-C while it is still starting is 130, as at any other time."""
    try:
        from nncli.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
