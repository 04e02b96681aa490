"""`nncli`, and `python -m nncli`."""

import sys
from contextlib import suppress


def main() -> None:
    """The command line. Ctrl-C while it is still starting is 130, as at any other time; so it is with a machine that
    has no room for it."""
    try:
        from nncli import limits

        with limits.refused():
            limits.prepare()
            from nncli.cli.app import main as run

            run()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as err:
        code = getattr(err, "exit_code", None)
        if code is None:
            raise
        with suppress(OSError):
            sys.stderr.write(f"error: {err}\n")
        sys.exit(code)


if __name__ == "__main__":
    main()
