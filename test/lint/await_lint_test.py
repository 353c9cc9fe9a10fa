"""Shapes that g++ 12.2 miscompiles must be refused; the named forms beside them must pass."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import await_lint  # noqa: E402

BAD = {
    "an aggregate temporary": "co_await f(Agg{1, name});",
    "an aggregate by designators": "co_await f({.n = 3});",
    "empty braces": "co_await f({});",
    "an initializer list": 'auto r = co_await f({{"a", 1}});',
    "a vector of values": "co_await f(std::vector<int>{1, 2});",
    "an aggregate made of awaits": "auto x = Agg{co_await a(), co_await b()};",
    "an aggregate returned": "co_return Agg{co_await a()};",
    "a lambda that copies": "co_await f([c] { use(c); });",
    "a lambda that copies everything": "co_await f([=] { use(c); });",
    "a lambda that copies one of two": "co_await f([&a, b](int x) { return a + b + x; });",
    "a lambda that moves in": "co_await f([p = std::move(p)]() mutable { use(p); });",
    "a lambda that copies this": "co_await f([*this] { run(); });",
    "a spawned lambda that copies": "co_await co_spawn(ex, [c]() -> awaitable<void> { co_await g(c); });",
    "a choice between objects": "co_await f(b ? std::string(x) : std::string(y));",
    "a choice of awaits": "auto r = b ? co_await f() : g();",
    "braces in a condition": "if (auto r = co_await f({1}); !r) { return; }",
    "braces in a loop's head": "while (auto x = co_await g(Opts{})) { use(x); }",
    "braces over several lines": "co_await f(\n    Agg{\n        1,\n        2,\n    });",
    "braces inside a lambda's statement": "spawn([&]() -> Task<void> { co_await f(Agg{}); });",
    "a member after a named lambda": "auto l = [&] { return 1; };\nco_await f(Agg{l()});",
}
GOOD = {
    "a named aggregate": "Agg value{1, name};\nco_await f(std::move(value));",
    "a class with a constructor": 'co_await f(ServerId("x"));',
    "awaits as arguments": "co_await f(co_await g(), h(co_await i()));",
    "a condition with its own variable": "if (auto r = co_await f(); !r) { return; }",
    "a loop's head": "while (auto x = co_await g()) { Agg a{x}; use(a); }",
    "a structured binding": "auto [ec, n] = co_await s.async_read_some(buffer(in), kNoThrow);",
    "a lambda that refers": "co_await f([&] { use(c); });",
    "a lambda that refers by name": "co_await f([&a, &b](int x) { return a + b + x; });",
    "a lambda of this": "co_await f([this] { run(); });",
    "a lambda without captures": "co_await f([] { return 1; });",
    "braces in a lambda's own statement": "co_await f([&] { Agg a{1}; use(a); });",
    "braces beside, not in": "Agg a{1};\nco_await f(a);\nauto c = Agg{2};",
    "a range of a braced list": "for (int i : {1, 2, 3}) { co_await f(i); }",
    "text and comments": '// co_await f({});\nlog("co_await f({}) ? [c]");\n/* co_await g(Agg{}) */ int x;',
    "a subscript": "auto v = co_await f(table[c]);",
    "an attribute": "[[maybe_unused]] auto v = co_await f();",
    "a coroutine's block": "try { co_await f(); } catch (const E& e) { log(e); }",
    "a case label": "switch (k) { case Kind::A: { co_await f(); break; } default: co_await g(); }",
}


def inside_function(body):
    return f"Task<void> Owner::run(int c) {{\n{body}\n}}\n"


class AwaitLint(unittest.TestCase):
    def test_refuses_every_shape_that_frees_twice(self):
        for name, body in BAD.items():
            with self.subTest(name):
                self.assertTrue(await_lint.problems(inside_function(body)), body)

    def test_passes_every_named_form(self):
        for name, body in GOOD.items():
            with self.subTest(name):
                self.assertEqual(await_lint.problems(inside_function(body)), [], body)

    def test_refuses_braced_defaults_of_coroutines_only(self):
        self.assertTrue(await_lint.problems("Task<Result<int>> ask(std::string id, Opts o = {});"))
        self.assertTrue(await_lint.problems("boost::asio::awaitable<void> run(Opts o = Opts{1});"))
        self.assertEqual(await_lint.problems("Result<int> ask(std::string id, Opts o = {});"), [])
        self.assertEqual(await_lint.problems("Task<int> ask(std::string id, int n = 3);"), [])

    def test_names_the_line_where_the_statement_begins(self):
        text = inside_function("int a = 1;\n\nco_await f({});")
        self.assertEqual([line for line, _ in await_lint.problems(text)], [4])


if __name__ == "__main__":
    unittest.main()
