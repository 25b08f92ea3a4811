"""Apply a trained network to pictures of any size: ``python -m helpers.restore photo.jpg``."""

import argparse
import concurrent.futures
import dataclasses
import functools
import itertools
import multiprocessing
import os
import pathlib
import signal
import sys
import threading
import unicodedata
import warnings

STOPPED = 130  # the exit code after Ctrl-C


def _by_hand(error):
    """Whether Ctrl-C is the cause; an extension module that is interrupted raises ImportError from it."""
    return isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt)


try:
    import numpy as np
    import tqdm
    from skimage import restoration

    from helpers import baselines, checks, files, image_io, pictures
except (ImportError, KeyboardInterrupt) as error:  # these take seconds
    if __name__ != "__main__" or not _by_hand(error):
        raise
    print("stopped before the first picture", file=sys.stderr)
    sys.exit(STOPPED)

MULTIPLE = 8  # the networks halve their input at most three times
ENDING = "_restored"
TOLD_UP_TO = 60  # of 255: the strongest noise that the network which is told its strength was trained on


def restore_image(image, model, scale=1, tile=256, overlap=32, progress=iter, sigma=None):
    """Restore one picture, in tiles where it is large.

    Parameters
    ----------
    image : numpy.ndarray of float in [0, 1] or of uint8, shape (height, width, channels)
        Degraded; the channels are those that the network takes. Noise may leave [0, 1] by up to 8, so that σ = 1 fits;
        what lies farther outside is on another scale, and refused.
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
    sigma : float, optional
        Strength of the noise on the [0, 1] scale, for a network that is told: it sees a further channel that holds this
        number everywhere.

    Returns
    -------
    numpy.ndarray, shape (scale * height, scale * width, channels)
        float32 in [0, 1], or uint8 for a uint8 picture.

    Raises
    ------
    ValueError
        When the picture is not as above, or a size cannot be used.
    """
    image = checks.check_array("image", image)
    if image.ndim != 3 or image.size == 0 or (image.dtype != np.uint8 and image.dtype.kind != "f"):
        raise ValueError(
            f"image has shape {image.shape} and dtype {image.dtype}, expected floats in [0, 1] or uint8 "
            "of shape (height, width, channels)"
        )
    scale, tile, overlap = (
        checks.check_int("scale", scale),
        checks.check_int("tile", tile),
        checks.check_int("overlap", overlap, least=0),
    )
    if tile % MULTIPLE or overlap % MULTIPLE or not 0 <= 2 * overlap < tile:
        raise ValueError(
            f"tile is {tile} and overlap {overlap}, expected multiples of {MULTIPLE}, the overlap under half a tile"
        )
    floats = np.divide(image, 255, dtype=np.float32) if image.dtype == np.uint8 else image
    floats = checks.check_images(floats[np.newaxis])
    checks.check_near_unit("image", floats)
    padded = baselines.enlarge(floats, scale)[0] if scale != 1 else floats[0]
    height, width = padded.shape[:2]
    missing = [(0, -side % MULTIPLE) for side in (height, width)]
    padded = np.pad(padded, (*missing, (0, 0)), mode="symmetric")
    restored = np.empty_like(padded)
    if sigma is not None:
        told = np.full((*padded.shape[:2], 1), checks.check_number("sigma", sigma, most=1), np.float32)
        padded = np.concatenate([padded, told], axis=-1)
    _refuse_other_shapes(model, min(tile, len(padded)), min(tile, padded.shape[1]), padded.shape[-1])
    tiles = itertools.product(*(_tiles(side, tile, overlap) for side in padded.shape[:2]))
    for (rows, kept_rows, inner_rows), (columns, kept_columns, inner_columns) in progress(list(tiles)):
        seen = np.asarray(model.predict_on_batch(padded[np.newaxis, rows, columns]))[0]
        restored[kept_rows, kept_columns] = seen[inner_rows, inner_columns]
    restored = restored[:height, :width]
    np.clip(restored, 0, 1, out=restored)  # in place: a large picture fills gigabytes
    return np.round(255 * restored).astype(np.uint8) if image.dtype == np.uint8 else restored


def _refuse_other_shapes(model, height, width, channels):
    """Say what the network takes before the backend says it at length."""
    expected = getattr(model, "input_shape", None)
    if not isinstance(expected, tuple) or len(expected) != 4:
        return
    if expected[-1] not in (None, channels):
        raise ValueError(
            f"image has {channels} channel(s), the network takes {expected[-1]}: repeat grey three times for RGB, leave "
            "transparency out, and give sigma to a network that takes one channel more"
        )
    if expected[1] not in (None, height) or expected[2] not in (None, width):
        raise ValueError(
            f"the network takes {expected[1]}x{expected[2]} pixels, and would see "
            f"{height}x{width}: give such a picture, or a tile of this size"
        )


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
        When the images are no batch of finite floats around [0, 1], or not of the shape that the network takes.

    References
    ----------
    .. [1] R. Timofte, R. Rothe and L. Van Gool, "Seven ways to improve example-based single image super resolution", CVPR 2016.
    """
    images = checks.check_images(images)
    checks.check_near_unit("an image", images)
    height, width, channels = images.shape[1:]
    _refuse_other_shapes(model, height, width, channels)
    _refuse_other_shapes(model, width, height, channels)  # turned
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


def restore_picture(picture, network, scale=1, progress=iter, sigma=None):
    """Restore what a picture file holds, transparency and depth kept.

    Parameters
    ----------
    picture : helpers.pictures.Picture
    network : keras.Model
        As for `restore_image`; for three channels, or for one, which takes grey pictures of its own size only.
    scale : int, optional
    progress : callable, optional
    sigma : float, optional
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
        restored = restore_image(colored, network, scale, progress=progress, sigma=sigma)
        restored = restored.mean(axis=-1, keepdims=True) if pixels.shape[-1] == 1 else restored
    alpha = picture.alpha
    if alpha is not None and scale != 1:
        alpha = baselines.enlarge(alpha[np.newaxis], scale)[0]
    return dataclasses.replace(picture, pixels=restored, alpha=alpha)


def plan(files, output=None):
    """Where each result goes, for all pictures before the first is touched.

    Parameters
    ----------
    files : list of path-like
        The pictures that are given.
    output : path-like, optional
        The folder of the results, which keep their names, or for one picture a file. By default a result lies beside its
        picture and has ``_restored`` in its name.

    Returns
    -------
    dict
        The picture's path to that of its result, both `pathlib.Path`.

    Raises
    ------
    ValueError
        When a result would take the place of a given picture, under whatever name, or of another result; when a file is
        named for several pictures, or one that cannot be written.
    """
    files = [pathlib.Path(file) for file in files]
    if _format(output) and len(files) > 1:
        raise ValueError(f"{output} names a file, and {len(files)} pictures are given: name a folder with -o")
    given, taken, targets = {}, {}, {}
    for file in files:
        given[_name_key(file)] = file
        if file.exists():
            given[_file_key(file)] = file
    for file in files:
        target = targets[file] = _target(file, output)
        key = _name_key(target)
        original = given.get(key)
        if target.exists() and _file_key(target) in given:
            original = given[_file_key(target)]
        if original is not None:
            raise ValueError(
                f"the result of {file} would replace {original}, "
                "which is one of the given pictures: name another folder with -o"
            )
        if key in taken:
            raise ValueError(f"{taken[key]} and {file} would both be written to {target}: restore them into two folders")
        taken[key] = file
    return targets


def _target(file, output):
    """Where one result goes."""
    if output is None:
        return file.with_name(f"{file.stem}{ENDING}{file.suffix}")
    return pathlib.Path(output) if _format(output) else pathlib.Path(output) / file.name


def _format(output):
    """The format that -o asks for by naming a file, None where it names a folder."""
    return None if output is None or os.path.isdir(output) else pictures.format_of(output)


def _name_key(path):
    """Equal for two names of one file, also where case and accents are compared loosely."""
    folder = path.parent.resolve()
    name = unicodedata.normalize("NFC", path.name).casefold()
    return _file_key(folder) if folder.exists() else folder, name


def _file_key(path):
    """Equal for two names of one existing file: symbolic and hard links."""
    status = path.stat()
    return status.st_dev, status.st_ino


def main(arguments=None):
    """The command line.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the process by default.

    Returns
    -------
    int
        0; 1 when a picture could not be restored; 2 when the arguments cannot be followed, and nothing was tried; 130 when
        it was stopped by hand.
    """
    targets, done = {}, 0
    try:
        options = _parser().parse_args(arguments)
        _refuse_options(options)
        targets = plan(_files(options.pictures), options.output)
        targets = _left_to_do(targets) if options.go_on else targets
        possible = [file for file in targets if _tried(_check, file, targets[file], options)]
        if options.workers > 1 and len(possible) > 1:
            for well in _side_by_side(possible, targets, options):
                done += well
        else:
            network = _network(options) if possible else None
            for number, file in enumerate(possible, start=1):
                label = f"{number}/{len(possible)} {file.name}"
                bar = functools.partial(tqdm.tqdm, desc=label, unit="tile", leave=False)
                done += _tried(_restore, file, targets[file], options, network, bar)
    except (ImportError, KeyboardInterrupt) as error:
        if not _by_hand(error):
            raise
        _say(f"stopped: {done} of {len(targets)} done")
        return STOPPED
    except concurrent.futures.BrokenExecutor:
        _say("a process was ended from outside, most likely for want of memory: take fewer --workers, and --continue")
    except (OSError, ValueError) as error:
        _say(error)
        return 2
    if done < len(targets):
        _say(f"{len(targets) - done} of {len(targets)} not restored")
    return int(done < len(targets))


def _left_to_do(targets):
    """Those whose result isn't there yet: a result is written whole or not at all."""
    left = {file: target for file, target in targets.items() if not target.is_file()}
    if len(left) < len(targets):
        _say(f"left out {len(targets) - len(left)} of {len(targets)} that are done")
    return left


def _side_by_side(possible, targets, options):
    """Restore pictures in several processes, each with a network and its share of the cores; yields whether each went well."""
    workers = min(options.workers, len(possible))
    shares = {"TF_NUM_INTRAOP_THREADS": max(1, (os.cpu_count() or 1) // workers), "TF_NUM_INTEROP_THREADS": 1}
    for name, threads in shares.items():
        os.environ.setdefault(name, str(threads))
    spawn = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(workers, spawn, initializer=_begin_worker, initargs=(options,))
    try:
        running = [pool.submit(_restore_in_worker, file, targets[file]) for file in possible]
        finished = concurrent.futures.as_completed(running)
        for future in tqdm.tqdm(finished, total=len(possible), unit="picture", leave=False):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)  # what is begun is finished


_worker = {}


def _begin_worker(options):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits for this one
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
    _worker.update(options=options, network=_network(options))


def _restore_in_worker(file, target):
    return _tried(_restore, file, target, _worker["options"], _worker["network"], iter)


def _say(text):
    print(text, file=sys.stderr)


def _tried(step, file, *arguments):
    """Whether a step went well for one picture; the reason is said, and the other pictures follow."""
    try:
        step(file, *arguments)
    except (OSError, ValueError, MemoryError) as error:
        said = str(error) or "there is not enough memory for it"
        _say(said if file.name in said else f"{file.name}: {said}")
        return False
    return True


def _parser():
    parser = argparse.ArgumentParser(prog="python -m helpers.restore", description=__doc__)
    parser.add_argument("pictures", nargs="+", type=pathlib.Path, metavar="PICTURE", help="picture files, or folders of them")
    parser.add_argument(
        "-o",
        "--output",
        type=pathlib.Path,
        metavar="WHERE",
        help="a folder, or for one picture a file, whose suffix decides the format; beside each picture by default",
    )
    parser.add_argument("--task", choices=("denoise", "super-resolution", "digits"), default="denoise")
    parser.add_argument("--scale", type=int, choices=(2, 4, 6), help="for super-resolution; 2 by default")
    parser.add_argument(
        "--sigma",
        type=float,
        metavar="S",
        help="strength of the noise, of 255, when it is known: a network that is told it is used; more smooths more",
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes side by side, for many pictures")
    parser.add_argument(
        "--continue", dest="go_on", action="store_true", help="leave out pictures whose result is there already"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there already")
    return parser


def _refuse_options(options):
    """An option that would be ignored is a mistake."""
    if options.scale is not None and options.task != "super-resolution":
        raise ValueError(f"--scale is for --task super-resolution, and the task is {options.task}")
    if options.workers < 1:
        raise ValueError(f"--workers is {options.workers}, expected 1 or more")
    if options.overwrite and options.go_on:
        raise ValueError("--continue leaves out what is there, --overwrite replaces it: say one of them")
    if options.sigma is not None and options.task != "denoise":
        raise ValueError(f"--sigma is for --task denoise, and the task is {options.task}")
    if options.sigma is not None and not 0 < options.sigma <= 255:
        raise ValueError(f"--sigma is {options.sigma:g}, expected more than 0 and at most 255: the noise's standard deviation")


def _files(given):
    """The pictures that the arguments name, each once."""
    files = {}
    for path in given:
        for file in _listed(path) if path.is_dir() else [path]:
            files.setdefault(os.path.abspath(file), file)
    return list(files.values())


def _listed(folder):
    """The pictures in a folder, without hidden files and without results of an earlier run."""
    try:
        found = image_io.picture_files(folder)
    except FileNotFoundError as error:
        others = sum(file.is_file() for file in folder.iterdir())
        raise FileNotFoundError(f"{error}, but {others} other files" if others else error) from error
    shown = [file for file in found if not file.name.startswith(".")]
    fresh = [file for file in shown if _original(file) not in shown]
    if len(fresh) < len(shown):
        _say(f"left out {len(shown) - len(fresh)} results of an earlier run in {folder}")
    return fresh


def _original(file):
    """The picture of which this would be the result, or None."""
    stem = file.stem.removesuffix(ENDING)
    return None if stem == file.stem else file.with_name(stem + file.suffix)


def _scale(options):
    return (options.scale or 2) if options.task == "super-resolution" else 1


def _check(file, target, options):
    """What can be known before the network is loaded and the work is done."""
    if target.is_dir():
        raise ValueError(f"{target} is a folder: name another with -o")
    if os.path.lexists(target) and not options.overwrite:
        raise ValueError(f"{target} exists: give another folder with -o, or say --overwrite")
    pictures.check(file, _scale(options), _format(options.output))
    files.writable(target.parent)


def _network(options):
    """The shipped network for the task."""
    denoiser = "denoise_blind" if options.sigma is None else "denoise_told"
    if options.sigma is not None and options.sigma > TOLD_UP_TO:
        _say(f"--sigma {options.sigma:g}: the network was trained on noise of up to {TOLD_UP_TO}, look at the result closely")
    enlarger = f"sr_x{_scale(options)}"
    names = {"denoise": denoiser, "super-resolution": enlarger, "digits": "mnist_best"}
    from helpers import training  # not before the arguments are known to be good: it takes seconds

    return training.load_network(names[options.task])


def _restore(file, target, options, network, bar):
    """One picture, from its file to that of its result."""
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always", UserWarning)
        picture = pictures.as_format(pictures.read(file), _format(options.output))
    for note in notes:
        _say(note.message)
    if options.task == "denoise":
        _describe_noise(file.name, picture.pixels)
    sigma = None if options.sigma is None else options.sigma / 255
    picture = restore_picture(picture, network, _scale(options), bar, sigma)
    pictures.write(target, picture)
    print(target)


def _describe_noise(name, pixels):
    """Say what a reader should know before trusting a denoiser's result."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a picture of one colour, or of one pixel
        sigma = 255 * np.nan_to_num(restoration.estimate_sigma(pixels, average_sigmas=True, channel_axis=-1))
    _say(f"{name}: noise of about {sigma:.1f} of 255 (an estimate: fine texture adds to it, clipping takes from it)")


if __name__ == "__main__":
    sys.exit(main())
