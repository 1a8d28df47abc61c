"""`python -m tcptune`."""

from tcptune.cli import main

if __name__ == "__main__":
    main()
