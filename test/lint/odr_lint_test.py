"""The ODR lint must find two visible types of one name, and nothing that only looks like them."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import odr_lint  # noqa: E402


def found(**files):
    texts = {name.replace("__", "/") + ".cpp": text for name, text in files.items()}
    return [(path, line) for path, line, _ in odr_lint.problems(texts)]


class OdrLint(unittest.TestCase):
    def test_finds_a_second_definition(self):
        one = "namespace muster {\nstruct A { int x; };\n}\n"
        for two in ("namespace muster {\n\nclass A final : public B { };\n}",
                    "namespace muster {\n\nenum class A : int { X };\n}",
                    "inline namespace muster {\ntemplate <class T>\nstruct A { T x; };\n}",
                    "namespace muster {\n\nstruct [[nodiscard]] A { };\n}"):
            with self.subTest(two=two):
                hits = found(app__one=one, test__two=two)
                self.assertEqual([path for path, _ in hits], ["test/two.cpp"])

    def test_names_the_line_and_the_first_place(self):
        files = {"a.hpp": "struct A {\n};\n", "b.cpp": "int f();\n\nstruct A {\n};\n"}
        path, line, what = odr_lint.problems(files)[0]
        self.assertEqual((path, line), ("b.cpp", 3))
        self.assertIn("A is also in a.hpp:1", what)

    def test_finds_it_through_nested_namespaces(self):
        self.assertEqual(len(found(a="namespace m::n { struct A { }; }",
                                   b="namespace m { namespace n { struct A { }; } }")), 1)

    def test_passes_what_is_not_one_type(self):
        one = "namespace muster { struct A { int x; }; }"
        for other in ("namespace other { struct A { }; }",
                      "namespace muster { namespace { struct A { }; } }",
                      "namespace muster { struct A; class B { struct A { }; }; }",
                      "namespace muster { void f() { struct A { }; } }",
                      "namespace muster { struct A f() { return {}; } }",
                      "namespace muster { // struct A { };\n }",
                      'namespace muster { const char* k = "struct A { };"; }'):
            with self.subTest(other=other):
                self.assertEqual(found(a=one, b=other), [])

    def test_tells_specialisations_apart(self):
        text = "template <> struct std::hash<{}> {{ int x; }};"
        self.assertEqual(found(a=text.format("A"), b=text.format("B")), [])
        self.assertEqual(len(found(a=text.format("A"), b=text.format("A"))), 1)

    def test_lets_projects_of_their_own_be(self):
        text = "struct A { };"
        self.assertEqual(found(app__a=text, examples__custom_module__a=text), [])
        self.assertEqual(len(found(examples__custom_module__a=text, examples__custom_module__b=text)), 1)


if __name__ == "__main__":
    unittest.main()
