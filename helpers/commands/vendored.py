"""What the site takes from other packages of the npm registry: fetched once, known by their hash."""

import os
import tarfile
import tomllib
import urllib.request

from helpers import files, paths

REGISTRY = "https://registry.npmjs.org"


def package(name, version, sha256, **_):
    """A package of the npm registry, in the cache.

    Parameters
    ----------
    name, version, sha256 : str

    Returns
    -------
    pathlib.Path
        The tarball, whose hash is right.

    Raises
    ------
    OSError
        When it is not there and cannot be fetched, or is not what it should be.
    """
    path = paths.cache() / "vendored" / f"{name}-{version}.tgz"
    if files.sha256(path) == sha256:
        return path
    registry = os.environ.get("npm_config_registry", REGISTRY).rstrip("/")
    address = f"{registry}/{name}/-/{path.name}"
    try:
        with urllib.request.urlopen(address, timeout=60) as answer, files.replacing(path) as temporary:
            temporary.write_bytes(answer.read())
    except OSError as error:
        raise OSError(f"{address} cannot be fetched ({error}). With a network once, `make site` works without one") from error
    if (found := files.sha256(path)) != sha256:
        path.unlink()
        raise OSError(f"{address} has the hash {found}, expected {sha256}: nothing of it is used")
    return path


def unpack(folder):
    """Put what docs/vendored.toml names into its places.

    Parameters
    ----------
    folder : pathlib.Path
        Of the site.
    """
    for name, one in tomllib.loads((paths.ROOT / "docs" / "vendored.toml").read_text(encoding="utf-8")).items():
        with tarfile.open(package(name, **one)) as tarball:
            for inside, place in one["files"].items():
                target = folder / place
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(tarball.extractfile(f"package/{inside}").read())
