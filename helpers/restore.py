"""Apply a trained network to pictures of any size: ``python -m helpers.restore photo.jpg``."""

import argparse
import dataclasses
import functools
import itertools
import pathlib
import sys
import warnings

import numpy as np
import tqdm

from helpers import baselines, checks, photos, pictures

MULTIPLE = 8  # the networks halve their input at most three times


def restore_image(image, model, scale=1, tile=256, overlap=32, progress=iter):
    """Restore one picture, in tiles where it is large.

    Parameters
    ----------
    image : numpy.ndarray of float in [0, 1] or of uint8, shape (height, width, channels)
        Degraded; the channels are those that the network takes.
    model : keras.Model
        Images to images of the same size, any size that is a multiple of 8.
    scale : int, optional
        The picture is enlarged by bicubic this many times before the network sees it.
    tile : int, optional
        Side of the squares that the network sees at once, a multiple of 8.
    overlap : int, optional
        Pixels around each tile that the network sees and that are not kept, a multiple of 8. A network that looks no
        farther than this gives the same picture as without tiles.
    progress : callable, optional
        Is given the list of tiles and gives it back one by one, as ``tqdm.tqdm`` does.

    Returns
    -------
    numpy.ndarray, shape (scale * height, scale * width, channels)
        float32 in [0, 1], or uint8 for a uint8 picture.

    Raises
    ------
    ValueError
        When the picture is not as above, or a size cannot be used.
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.size == 0 or (image.dtype != np.uint8 and image.dtype.kind != "f"):
        raise ValueError(
            f"image has shape {image.shape} and dtype {image.dtype}, expected floats in [0, 1] or uint8 "
            "of shape (height, width, channels)"
        )
    tile, overlap = checks.whole("tile", tile), checks.whole("overlap", overlap, least=0)
    if tile % MULTIPLE or overlap % MULTIPLE or not 0 <= 2 * overlap < tile:
        raise ValueError(
            f"tile is {tile} and overlap {overlap}, expected multiples of {MULTIPLE}, the overlap under half a tile"
        )
    floats = checks.batch(np.divide(image, 255, dtype=np.float32)[np.newaxis] if image.dtype == np.uint8 else image[np.newaxis])
    enlarged = baselines.enlarge(floats, scale)[0] if scale != 1 else floats[0]
    height, width = enlarged.shape[:2]
    missing = [(0, -side % MULTIPLE) for side in (height, width)]
    padded = np.pad(enlarged, (*missing, (0, 0)), mode="symmetric")
    restored = np.empty_like(padded)
    tiles = itertools.product(*(_tiles(side, tile, overlap) for side in padded.shape[:2]))
    for (rows, kept_rows, inner_rows), (columns, kept_columns, inner_columns) in progress(list(tiles)):
        seen = np.asarray(model.predict_on_batch(padded[np.newaxis, rows, columns]))[0]
        restored[kept_rows, kept_columns] = seen[inner_rows, inner_columns]
    restored = np.clip(restored[:height, :width], 0, 1)
    return np.round(255 * restored).astype(np.uint8) if image.dtype == np.uint8 else restored


def self_ensemble(model, images):
    """The mean of what a network makes of a picture mirrored and turned in all eight ways, each turned back [1]_.

    Parameters
    ----------
    model : keras.Model
        Images to images of the same size.
    images : numpy.ndarray of float32, shape (n, height, width, channels)

    Returns
    -------
    numpy.ndarray of float32, same shape

    Raises
    ------
    ValueError
        When the images are no batch of finite floats.

    References
    ----------
    .. [1] R. Timofte, R. Rothe and L. Van Gool, "Seven ways to improve example-based single image super resolution", CVPR 2016.
    """
    images = checks.batch(images)
    total = np.zeros(images.shape, np.float64)
    for turns in range(4):
        for mirror in (1, -1):
            seen = np.rot90(images, turns, axes=(1, 2))[:, :, ::mirror]
            restored = model.predict(seen, batch_size=8, verbose=0)
            total += np.rot90(restored[:, :, ::mirror], -turns, axes=(1, 2))
    return (total / 8).astype(np.float32)


def _tiles(length, tile, overlap):
    """Along one side, for each tile: what the network sees, the part of it that is kept, and where that lies in the tile."""
    edges = [0, *range(tile - overlap, length - overlap, tile - 2 * overlap), length] if length > tile else [0, length]
    tiles = []
    for begin, end in itertools.pairwise(edges):
        first = max(0, min(begin - overlap, length - tile))
        tiles.append((slice(first, first + tile), slice(begin, end), slice(begin - first, end - first)))
    return tiles


def restore_picture(picture, network, scale=1, progress=iter):
    """Restore what a picture file holds, transparency and depth kept.

    Parameters
    ----------
    picture : helpers.pictures.Picture
    network : keras.Model
        As for `restore_image`; for three channels, or for one, which takes grey pictures of its own size only.
    scale : int, optional
    progress : callable, optional
        As for `restore_image`.

    Returns
    -------
    helpers.pictures.Picture

    Raises
    ------
    ValueError
        When the network cannot take this picture.
    """
    pixels, expected = picture.pixels, network.input_shape[1:]
    if expected[-1] == 1:
        if pixels.shape != expected:
            raise ValueError(
                f"the picture is {pixels.shape[0]}x{pixels.shape[1]} with {pixels.shape[2]} channel(s), expected a digit: "
                f"{expected[0]}x{expected[1]}, grey, white on black"
            )
        restored = np.clip(network.predict_on_batch(pixels[np.newaxis])[0], 0, 1)
    else:
        colored = np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels
        restored = restore_image(colored, network, scale, progress=progress)
        restored = restored.mean(axis=-1, keepdims=True) if pixels.shape[-1] == 1 else restored
    alpha = picture.alpha
    if alpha is not None and scale != 1:
        alpha = baselines.enlarge(alpha[np.newaxis], scale)[0]
    return dataclasses.replace(picture, pixels=restored, alpha=alpha)


def main(arguments=None):
    """The command line.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the process by default.

    Returns
    -------
    int
        0; 1 when a picture could not be restored; 2 when nothing was tried; 130 when it was stopped by hand.
    """
    options = _parser().parse_args(arguments)
    try:
        files = list(itertools.chain.from_iterable(map(_files, options.pictures)))
        network = _network(options)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    failed = 0
    for number, file in enumerate(files, start=1):
        try:
            target = _target(file, options)
            with warnings.catch_warnings(record=True) as notes:
                warnings.simplefilter("always", UserWarning)
                picture = pictures.read(file)
            for note in notes:
                print(note.message, file=sys.stderr)
            bar = functools.partial(tqdm.tqdm, desc=f"{number}/{len(files)} {file.name}", unit="tile", leave=False)
            scale = options.scale if options.task == "super-resolution" else 1
            pictures.write(target, restore_picture(picture, network, scale, bar))
            print(target)
        except KeyboardInterrupt:
            print(f"stopped: {number - 1} of {len(files)} done, {file.name} not written", file=sys.stderr)
            return 130
        except (OSError, ValueError, MemoryError) as error:
            failed += 1
            print(f"{file.name}: {error or 'there is not enough memory for it'}", file=sys.stderr)
    if failed:
        print(f"{failed} of {len(files)} not restored", file=sys.stderr)
    return 1 if failed else 0


def _parser():
    parser = argparse.ArgumentParser(prog="python -m helpers.restore", description=__doc__)
    parser.add_argument("pictures", nargs="+", type=pathlib.Path, metavar="PICTURE", help="picture files, or folders of them")
    parser.add_argument(
        "-o", "--output", type=pathlib.Path, metavar="FOLDER", help="where to write; beside each picture by default"
    )
    parser.add_argument("--task", choices=("denoise", "super-resolution", "digits"), default="denoise")
    parser.add_argument("--scale", type=int, choices=(2, 4, 6), default=2, help="for super-resolution")
    parser.add_argument("--sigma", type=float, metavar="S", help="strength of the noise, of 255, when it is known")
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there already")
    return parser


def _files(given):
    """The picture files that one argument names."""
    return photos.picture_files(given) if given.is_dir() else [given]


def _target(file, options):
    """Where the result goes: never onto a picture that was given, nor onto another file without leave."""
    target = (options.output or file.parent) / (file.name if options.output else f"{file.stem}_restored{file.suffix}")
    if target.exists() and target.resolve() == file.resolve():
        raise ValueError(f"{target} is the picture itself: give another folder with -o")
    if target.exists() and not options.overwrite:
        raise ValueError(f"{target} exists: give another folder with -o, or say --overwrite")
    return target


def _network(options):
    """The shipped network for the task."""
    if options.sigma is not None and not 0 < options.sigma <= 255:
        raise ValueError(f"--sigma is {options.sigma:g}, expected more than 0 and at most 255: the noise's standard deviation")
    denoiser = "denoise_25" if options.sigma == 25 else "denoise_blind"
    name = {"denoise": denoiser, "super-resolution": f"sr_x{options.scale}", "digits": "mnist_best"}[options.task]
    from helpers import training  # not before the arguments are known to be good: it takes seconds

    return training.load_network(name)


if __name__ == "__main__":
    sys.exit(main())
