"""`python -m skillgit`."""

from skillgit.cli import main

if __name__ == "__main__":
    main()
