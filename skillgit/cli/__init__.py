"""The command line: options in, text out; the only place that prints or exits."""


def main() -> None:
    """Run `skillgit`; replaced by the lazy group."""
