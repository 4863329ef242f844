"""tools/setup.d/debian_source.py derives another suite's source from either form of apt's files."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "setup.d" / "debian_source.py"
STANZAS = """\
# Security comes first here.
Types: deb
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main

Types: deb deb-src
# the nearest one
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /keys/debian.gpg
"""


class DebianSource(unittest.TestCase):
    def derive(self, files):
        """Exit status of the tool, and the file it wrote or None."""
        with tempfile.TemporaryDirectory() as folder:
            etc, out = pathlib.Path(folder) / "etc", pathlib.Path(folder) / "out.sources"
            (etc / "sources.list.d").mkdir(parents=True)
            for name, text in files.items():
                (etc / name).write_text(text)
            ran = subprocess.run([sys.executable, TOOL, "--suite", "trixie", "--out", out, "--etc", etc, "--codename",
                                  "bookworm"], capture_output=True, text=True, check=False)
            return ran.returncode, out.read_text() if out.exists() else None

    def test_a_stanza_keeps_its_mirror_and_key(self):
        self.assertEqual(self.derive({"sources.list.d/debian.sources": STANZAS}), (
            0, "Types: deb\nURIs: http://mirror.test/debian\nSuites: trixie\nComponents: main\n"
               "Signed-By: /keys/debian.gpg\n"))

    def test_a_stanza_keeps_a_key_of_several_lines(self):
        text = "Types: deb\nURIs: file:/m\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN\n .\n abc\n"
        self.assertIn("Signed-By: \n -----BEGIN\n .\n abc\n", self.derive({"sources.list.d/a.sources": text})[1])

    def test_a_disabled_stanza_is_passed_over(self):
        text = STANZAS.replace("Types: deb deb-src", "Enabled: no\nTypes: deb")
        self.assertEqual(self.derive({"sources.list.d/debian.sources": text}), (1, None))

    def test_a_line_becomes_a_stanza_with_its_options(self):
        line = "deb [arch=amd64 signed-by=/keys/debian.gpg] http://mirror.test/debian bookworm main non-free # ours\n"
        self.assertEqual(self.derive({"sources.list": line}), (
            0, "Types: deb\nURIs: http://mirror.test/debian\nSuites: trixie\nComponents: main\n"
               "Architectures: amd64\nSigned-By: /keys/debian.gpg\n"))

    def test_lines_of_other_suites_and_other_people_are_passed_over(self):
        lines = ("#deb http://old.test/debian bookworm main\ndeb-src http://mirror.test/debian bookworm main\n"
                 "deb http://mirror.test/debian bookworm-updates main\ndeb http://tool.test/apt tool main\n")
        self.assertEqual(self.derive({"sources.list": lines, "sources.list.d/x.list": ""}), (1, None))

    def test_files_with_another_ending_are_not_apts(self):
        self.assertEqual(self.derive({"sources.list.d/debian.sources.off": STANZAS}), (1, None))


if __name__ == "__main__":
    unittest.main()
