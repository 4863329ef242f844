#!/usr/bin/env python3
"""Takes files that match a pattern out of the wheels of a folder, without their paths.

usage: unzip_wheel.py WHEELS OUT PATTERN...
Exit status 1: a pattern that nothing matched.
"""
import fnmatch
import pathlib
import sys
import zipfile


def main():
    wheels, out, patterns = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    missed = set(patterns)
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                matching = {pattern for pattern in patterns if fnmatch.fnmatchcase(name, pattern)}
                if matching:
                    (out / pathlib.PurePosixPath(name).name).write_bytes(archive.read(name))
                    missed -= matching
    for pattern in sorted(missed):
        print(f"no file matches '{pattern}' in the wheels of {wheels}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
