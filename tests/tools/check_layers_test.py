"""tools/check_layers finds each kind of fault in a made-up house, and none in a good one."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check_layers"
HOUSE = """
base:
store:        base
sched/policy: base
sched:        base sched/policy   # a doorway below its room
daemon:       *
edge <sqlite3*>:               store
edge <unistd.h> <sys/*>:       *
edge <boost/asio*>:            base sched/policy/sjf
"""
GOOD = {
    "base/result.h": "// What a call gives back.\n#include <optional>\n#include <unistd.h>\n",
    "base/result.cc": '#include "base/result.h"\n\n#include <boost/asio/post.hpp>\n',
    "store/store.cc": '// Tables.\n#include <sqlite3.h>\n#include <sys/stat.h>\n#include "base/result.h"\n',
    "sched/policy/policy.h": '// Who is next.\n#include "base/result.h"\n',
    "sched/policies.cc": '// The list of policies.\n#include "sched/policy/policy.h"\n',
    "daemon/main.cc": '// The program.\n#include "sched/policy/policy.h"\n#include "base/result.h"\n',
}


class CheckLayers(unittest.TestCase):
    def check(self, changed=None, layers=HOUSE):
        """Exit status and output of the tool on the good house with some files changed."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "LAYERS").write_text(layers)
            for name, text in {**GOOD, **(changed or {})}.items():
                path = root / "src" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            ran = subprocess.run([sys.executable, TOOL, "--root", root], capture_output=True, text=True, check=False)
            return ran.returncode, ran.stdout + ran.stderr

    def assert_fault(self, fault, **house):
        status, output = self.check(**house)
        self.assertEqual((status, output.strip()), (1, fault))

    def test_a_good_house_stands(self):
        self.assertEqual(self.check(), (0, "6 files, 5 folders: the house stands as drawn\n"))

    def test_an_arrow_that_is_not_drawn_is_a_fault(self):
        self.assert_fault("base/up.h:2: base may not include sched/policy",
                          changed={"base/up.h": '// Looks up.\n#include "sched/policy/policy.h"\n'})

    def test_a_doorway_may_not_include_its_room(self):
        self.assert_fault("sched/policy/fifo.h:2: sched/policy may not include sched",
                          changed={"sched/queue.h": "// A queue.\n",
                                   "sched/policy/fifo.h": '// First come.\n#include "sched/queue.h"\n'})

    def test_an_include_that_is_no_path_from_src_is_a_fault(self):
        self.assert_fault('store/table.h:2: "store.h" is not a path under src/',
                          changed={"store/table.h": '// A table.\n#include "store.h"\n'})

    def test_a_third_party_header_away_from_its_home_is_a_fault(self):
        self.assert_fault("base/sql.h:2: <sqlite3.h> may be included only under store",
                          changed={"base/sql.h": "// Rows.\n#include <sqlite3.h>\n"})

    def test_a_home_may_be_one_file(self):
        asio = "// Shortest job first.\n#include <boost/asio/post.hpp>\n"
        self.assertEqual(self.check(changed={"sched/policy/sjf.h": asio})[0], 0)
        self.assert_fault("sched/policy/fair.h:2: <boost/asio/post.hpp> may be included only under"
                          " base, sched/policy/sjf", changed={"sched/policy/fair.h": asio})

    def test_a_third_party_header_that_no_edge_names_is_a_fault_everywhere(self):
        self.assert_fault("daemon/text.h:2: <fmt/core.h> is not on the edge list of LAYERS",
                          changed={"daemon/text.h": "// Text.\n#include <fmt/core.h>\n"})

    def test_a_header_that_only_looks_like_the_standard_library_is_a_fault(self):
        self.assert_fault("base/utf.h:2: <unicode> is not on the edge list of LAYERS",
                          changed={"base/utf.h": "// Text.\n#include <unicode>\n"})

    def test_the_c_name_of_a_standard_header_is_a_fault(self):
        self.assert_fault("base/size.h:2: <stdint.h> is not on the edge list of LAYERS",
                          changed={"base/size.h": "// Sizes.\n#  include <stdint.h>\n"})

    def test_a_folder_that_is_not_drawn_is_a_fault(self):
        self.assert_fault("attic/box.h: folder 'attic' is not in LAYERS",
                          changed={"attic/box.h": "// A box.\n"})

    def test_a_header_without_a_comment_in_its_first_line_is_a_fault(self):
        self.assert_fault("base/id.h:1: the first line is no comment that says what the file is",
                          changed={"base/id.h": "#pragma once\n// An id.\n"})

    def test_an_empty_comment_says_nothing(self):
        self.assert_fault("base/id.h:1: the first line is no comment that says what the file is",
                          changed={"base/id.h": "//\n#pragma once\n"})

    def test_a_source_without_a_header_of_its_own_says_what_it_is(self):
        self.assert_fault("daemon/main.cc:1: the first line is no comment that says what the file is",
                          changed={"daemon/main.cc": "int main() {}\n"})

    def test_a_file_of_more_than_500_lines_is_a_fault(self):
        self.assertEqual(self.check(changed={"base/long.h": "// Long.\n" * 500})[0], 0)
        self.assert_fault("base/long.h: 501 lines; the limit is 500", changed={"base/long.h": "// Long.\n" * 501})

    def test_a_circle_of_arrows_is_a_fault(self):
        self.assert_fault("LAYERS: circle base -> store -> base", layers=HOUSE.replace("base:\n", "base: store\n", 1))

    def test_an_arrow_to_a_folder_that_has_no_line_is_a_fault(self):
        self.assert_fault("LAYERS: store names 'disk', which has no line",
                          layers=HOUSE.replace("store:        base", "store: base disk"))

    def test_a_line_that_is_neither_arrow_nor_edge_is_named(self):
        status, output = self.check(layers="base\n")
        self.assertEqual(status, 1)
        self.assertIn("LAYERS:1: expected 'folder: folder ...'", output)


if __name__ == "__main__":
    unittest.main()
