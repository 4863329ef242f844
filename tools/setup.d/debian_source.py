#!/usr/bin/env python3
"""Writes an apt source file for another Debian suite, derived from the source that this machine is set up with.

usage: debian_source.py --suite SUITE --out FILE [--etc DIR] [--codename NAME]

Both forms of apt's files are read: deb822 stanzas (*.sources) and one-line entries (*.list). The mirror, the keys
and the options stay; only the suite changes. Exit status 1: no source of this Debian release was found.
"""
import argparse
import pathlib
import re
import sys

ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<parts>.+)$")


def stanzas_of(text):
    """The stanzas of a deb822 file: lists of (field, value with its continuation lines)."""
    for block in re.split(r"\n\s*\n", text):
        fields = []
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t") and fields:
                fields[-1][1] += "\n" + line
            elif ":" in line:
                name, _, value = line.partition(":")
                fields.append([name.strip(), value.strip()])
        if fields:
            yield fields


def from_deb822(text, here, suite):
    """One stanza for `suite`, or None where the file has none for a suite in `here`."""
    for fields in stanzas_of(text):
        known = {name.lower(): value for name, value in fields}
        if known.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        if "deb" not in known.get("types", "").split() or "main" not in known.get("components", "").split():
            continue
        if not here & set(known.get("suites", "").split()):
            continue
        changed = {"types": "deb", "suites": suite, "components": "main"}
        return "".join(f"{name}: {changed.get(name.lower(), value)}\n" for name, value in fields)
    return None


def from_one_line(text, here, suite):
    """The same stanza out of a one-line entry."""
    for raw in text.splitlines():
        entry = ONE_LINE.match(raw.split("#", 1)[0].strip())
        if not entry or entry["suite"] not in here or "main" not in entry["parts"].split():
            continue
        stanza = f"Types: deb\nURIs: {entry['uri']}\nSuites: {suite}\nComponents: main\n"
        for option in (entry["options"] or "").split():
            name, _, value = option.partition("=")
            field = {"arch": "Architectures"}.get(name, "-".join(word.capitalize() for word in name.split("-")))
            stanza += f"{field}: {value.replace(',', ' ')}\n"
        return stanza
    return None


def derive(etc, here, suite):
    """The first source below `etc` (sources.list, then sources.list.d) that serves a suite in `here`."""
    for path in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]:
        read = {".sources": from_deb822, ".list": from_one_line}.get(path.suffix)
        if read and path.is_file():
            stanza = read(path.read_text(errors="replace"), here, suite)
            if stanza:
                return stanza
    return None


def codename():
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    return "bookworm"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--etc", type=pathlib.Path, default=pathlib.Path("/etc/apt"))
    parser.add_argument("--codename", help="the release whose source is looked for; this machine's by default")
    args = parser.parse_args()
    # A machine may also name its release by its state.
    here = {args.codename or codename(), "stable", "oldstable", "bookworm"}
    stanza = derive(args.etc, here, args.suite)
    if not stanza:
        print(f"no Debian source for any of {', '.join(sorted(here))} under {args.etc}", file=sys.stderr)
        return 1
    args.out.write_text(stanza)
    return 0


if __name__ == "__main__":
    sys.exit(main())
