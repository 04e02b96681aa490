"""`python -m nncli` is `nncli`."""

from nncli.cli.app import main

if __name__ == "__main__":
    main()
