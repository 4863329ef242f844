#!/usr/bin/env python3
"""Takes files that match a pattern out of the wheels of a folder, without their paths.

usage: unzip_wheel.py [--below FOLDER] WHEELS OUT PATTERN...

--below   keep the path that a file has below this folder of the wheel
Exit status 1: a pattern that nothing matched.
"""
import argparse
import fnmatch
import pathlib
import sys
import zipfile


def place_of(name, below):
    """Where a file of the wheel goes, relative to OUT."""
    path = pathlib.PurePosixPath(name)
    return path.relative_to(below) if below else path.name


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--below")
    parser.add_argument("wheels", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("patterns", nargs="+")
    args = parser.parse_args()
    missed = set(args.patterns)
    for wheel in sorted(args.wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                matching = {pattern for pattern in args.patterns if fnmatch.fnmatchcase(name, pattern)}
                if matching and not name.endswith("/"):
                    target = args.out / place_of(name, args.below)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(name))
                    missed -= matching
    for pattern in sorted(missed):
        print(f"no file matches '{pattern}' in the wheels of {args.wheels}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
