"""Run a command alone: ``python -m helpers.commands.alone NAME COMMAND``.

A second one of the same name waits. It needs no package, so it works before anything is
installed.
"""

import subprocess
import sys

from helpers import files


def main(arguments=None):
    """The command line.

    Returns
    -------
    int
        What the command ended with, or 1 when the cache cannot be written to.
    """
    name, *command = sys.argv[1:] if arguments is None else arguments
    try:
        with files.only_one(name, wait=True):
            return subprocess.run(command, check=False).returncode
    except OSError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
