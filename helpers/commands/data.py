"""Fill the data caches and check them: ``python -m helpers.commands.data``.

What is there and whole is only looked at, which takes a second or two; nothing here starts Keras for it.
"""

import sys

from helpers import datasets, paths
from helpers.datasets import photographs


def main():
    """The command line.

    Returns
    -------
    int
        0, or 1 with what is missing on the error stream.
    """
    try:
        (digits, _), (unseen, _) = datasets.load_mnist()
        count = datasets.verify_photos()
        pairs = datasets.build_pairs()
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"verified: {len(digits):,} + {len(unseen):,} digits, {count} photographs, "
        f"{pairs['high_res'].nunique()} pictures of {photographs.PAIR_SIZE[0]}x{photographs.PAIR_SIZE[1]} cut from them with "
        f"{len(pairs)} low-resolution copies, in {paths.shown(datasets.pairs_folder())}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
