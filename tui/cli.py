"""The command-line entry."""


def main() -> int:
    return 0
