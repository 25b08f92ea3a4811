"""Say whether a folder of your own pictures can be used by chapters 03 to 05, and what to mend."""

import argparse
import sys

from helpers import datasets


def main(arguments=None):
    """The command line: ``python -m helpers.commands.check FOLDER``.

    Returns
    -------
    int
        0 when every folder can be used; 1 when something has to be mended; 2 when one cannot be read.
    """
    parser = argparse.ArgumentParser(prog="python -m helpers.commands.check", description=__doc__)
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="as you would write it into IMAGES or PAIRS")
    status = 0
    for folder in parser.parse_args(arguments).folders:
        try:
            report = datasets.check_folder(folder)
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr)
            status = 2
        else:
            print(report)
            status = max(status, 1 if report.problems else 0)
    return status


if __name__ == "__main__":
    sys.exit(main())
