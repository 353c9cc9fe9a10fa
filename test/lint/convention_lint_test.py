"""Each rule of the convention lint, with a file that breaks it and one that does not."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import convention_lint  # noqa: E402

OPEN = "TO" + "DO"


def whats(path, text):
    return " | ".join(what for _, what in convention_lint.problems(path, text))


def function(lines):
    return "int Owner::run(int n) {\n" + "    ++n;\n" * (lines - 3) + "    return n;\n}\n"


class ConventionLint(unittest.TestCase):
    def refuses(self, path, text, word):
        self.assertIn(word, whats(path, text))

    def passes(self, path, text):
        self.assertEqual(whats(path, text), "")

    def test_files_end_at_400_lines(self):
        self.passes("common/a.cpp", "int a;\n" * 400)
        self.refuses("common/a.cpp", "int a;\n" * 401, "401 lines")
        self.refuses("scripts/a.sh", "true\n" * 401, "401 lines")

    def test_functions_end_at_60_lines(self):
        self.passes("common/a.cpp", function(60))
        self.refuses("common/a.cpp", function(61), "Owner::run: 61 lines")
        self.refuses("common/a.cpp", "namespace x {\nclass A {\n" + function(70) + "};\n}\n", "70 lines")
        self.refuses("test/unit/a_test.cpp", "TEST(A, B) {\n" + "f();\n" * 70 + "}\n", "72 lines")
        self.refuses("scripts/a.py", "def f():\n" + "    g()\n" * 61, "f: 62 lines")

    def test_classes_and_namespaces_may_be_long(self):
        self.passes("common/a.cpp", "namespace x {\n" + "int f();\n" * 100 + "}\n")
        self.passes("common/a.cpp", "struct X final : Base<int> {\n" + "int a = 1;\n" * 100 + "};\n")
        self.passes("common/a.hpp", '#pragma once\n#include "common/b.hpp"\n'
                    "namespace x {\nstruct A {\n    seconds s = seconds(3);\n};\n" + "int f();\n" * 100 + "}\n")
        self.passes("common/a.cpp", "constexpr int kTable[] = {\n" + "1,\n" * 100 + "};\n")

    def test_macros_are_refused_but_not_their_mention(self):
        self.refuses("common/a.cpp", "#define LIMIT 3\n", "macro LIMIT")
        self.passes("common/a.cpp", "// #define LIMIT 3\n")
        self.passes("test/support/a.hpp", "#pragma once\n#define CO_ASSERT(x) x\n")

    def test_open_items_are_refused(self):
        self.refuses("common/a.cpp", f"// {OPEN}: later\n", OPEN)

    def test_headers_are_guarded_and_light(self):
        self.refuses("common/a.hpp", "int a;\n", "#pragma once")
        self.refuses("common/a.hpp", "#pragma once\nusing namespace std;\n", "using namespace")
        self.refuses("common/a.hpp", "#pragma once\n#include <nlohmann/json.hpp>\n", "json.hpp")
        self.refuses("master/a.hpp", "#pragma once\n#include <boost/asio.hpp>\n", "asio.hpp")
        self.refuses("master/a.hpp", "#pragma once\n#include <boost/beast/http.hpp>\n", "beast")
        self.passes("include/muster/json.hpp", "#pragma once\n#include <nlohmann/json.hpp>\n")
        self.passes("common/a.hpp", "#pragma once\n#include <nlohmann/json_fwd.hpp>\n")
        self.passes("common/a.cpp", "#include <nlohmann/json.hpp>\nusing namespace std::literals;\n")

    def test_names_say_what_things_are(self):
        self.refuses("common/a.cpp", "class SessionManager;\n", "SessionManager")
        self.refuses("common/a.cpp", "int parseHelper();\n", "parseHelper")
        self.refuses("common/a.cpp", "struct StringUtil;\n", "StringUtil")
        self.refuses("common/string_utils.cpp", "int a;\n", "string_utils")
        self.passes("common/a.cpp", "double cpuUtilization();\n// a SessionManager would be vague\n")

    def test_work_has_an_owner(self):
        self.refuses("master/a.cpp", "co_spawn(ex, f(), asio::detached);\n", "detached")
        self.passes("master/a.cpp", "bool isAttached = !session.detached;\n")

    def test_tests_never_sleep(self):
        self.refuses("test/unit/a_test.cpp", "std::this_thread::sleep_for(5s);\n", "sleep")
        self.refuses("test/unit/a_test.cpp", "usleep(5);\n", "sleep")
        self.passes("bench/a.cpp", "usleep(5);\n")


if __name__ == "__main__":
    unittest.main()
