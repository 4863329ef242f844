"""tools/count_tests.py counts what ctest and pytest write, and never takes a missing result for a good one."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "count_tests.py"
CTEST = """<?xml version="1.0"?>
<testsuite name="x" tests="4">
  <testcase name="base: Result.Holds" classname="base: Result.Holds" time="0.01" status="run"/>
  <testcase name="base: Result.Breaks" classname="base: Result.Breaks" time="2.5" status="fail"><failure message=""/><system-out>a.cc:42: Failure</system-out></testcase>
  <testcase name="base: Result.Skips" classname="base: Result.Skips" time="0" status="notrun"><skipped message="x"/></testcase>
  <testcase name="base: Result.Off" classname="base: Result.Off" time="0" status="disabled"/>
</testsuite>
"""
PYTEST = """<?xml version="1.0"?>
<testsuites><testsuite name="pytest">
  <testcase classname="kserve.test_infer" name="test_adds" time="0.1"/>
  <testcase classname="kserve.test_infer" name="test_breaks" time="0.2"><error message="setup">E   no port
</error></testcase>
</testsuite></testsuites>
"""


class CountTests(unittest.TestCase):
    def count(self, files, *words):
        """What the tool prints about result files of these names and texts; None is a file that is not there."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [pathlib.Path(folder) / name for name in files]
            for path, text in zip(paths, files.values()):
                if text is not None:
                    path.write_text(text)
            ran = subprocess.run([sys.executable, TOOL, *words, *paths], capture_output=True, text=True, check=True)
            return ran.stdout.strip()

    def test_results_of_ctest_are_counted(self):
        self.assertEqual(self.count({"release.xml": CTEST}), "1 1 2")

    def test_results_of_several_files_are_added(self):
        self.assertEqual(self.count({"release.xml": CTEST, "protocol.xml": PYTEST}), "2 2 2")

    def test_failed_tests_are_named_once(self):
        self.assertEqual(self.count({"release.xml": CTEST}, "--failed"), "base: Result.Breaks")
        self.assertEqual(self.count({"protocol.xml": PYTEST}, "--failed"), "kserve.test_infer: test_breaks")

    def test_what_a_failed_test_wrote_is_shown(self):
        self.assertEqual(self.count({"release.xml": CTEST}, "--why"), "--- base: Result.Breaks\na.cc:42: Failure")
        self.assertEqual(self.count({"protocol.xml": PYTEST}, "--why"), "--- test_breaks\nE   no port")
        self.assertEqual(self.count({"release.xml": None}, "--why"), "")

    def test_a_missing_file_is_a_failure(self):
        self.assertEqual(self.count({"release.xml": None}), "0 1 0")

    def test_a_file_that_was_cut_off_is_a_failure(self):
        self.assertEqual(self.count({"release.xml": CTEST[:200]}), "0 1 0")

    def test_the_slowest_come_first(self):
        self.assertEqual(self.count({"release.xml": CTEST}, "--slowest", "1"), "2.50 s  base: Result.Breaks")


if __name__ == "__main__":
    unittest.main()
