"""`python -m fusegrad` is the console script `fusegrad`."""

from .cli.main import main

if __name__ == "__main__":
    main()
