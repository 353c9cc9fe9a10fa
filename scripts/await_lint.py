#!/usr/bin/env python3
"""Keeps co_await statements clear of the shapes that g++ 12.2 compiles into a double free.

Refused in one statement with co_await: a braced value, `?:`, and a lambda that captures by value.
Refused in the declaration of a coroutine (Task<..>, awaitable<..>): a braced default argument.
Cure: name the value on the line above and move it in.

usage: await_lint.py [FILE... | --root DIRECTORY]
"""
import argparse
import os
import re
import sys

import cpp_source

COROUTINE = re.compile(r"\b(?:Task|awaitable) <.*> (?:[\w:]+ )+?\(")
BRACED_DEFAULT = re.compile(r"\(.*= (?:[\w:]+ )*\{")


def by_value(capture_list):
    """The captures of a list that copy something: all but `&…` and `this`."""
    captures, depth, word = [], 0, ""
    for char in capture_list + ",":
        depth += (char in "([{<") - (char in ")]}>")
        if char == "," and depth <= 0:
            captures.append(word.strip())
            word = ""
        else:
            word += char
    return [c for c in captures if c and not c.startswith("&") and c != "this"]


def problems(text):
    """(line, what) of every refused shape in a C++ text."""
    found = []
    for statement in cpp_source.Scanner(text).statements:
        if "co_await" in statement.words:
            if statement.has_braces:
                found.append((statement.line, "braces in a statement with co_await"))
            if "?" in statement.words:
                found.append((statement.line, "?: in a statement with co_await"))
            if any(by_value(captures) for captures in statement.captures):
                found.append((statement.line, "a by-value capture in a statement with co_await"))
        line = statement.text()
        if COROUTINE.search(line) and BRACED_DEFAULT.search(line):
            found.append((statement.line, "a braced default argument of a coroutine"))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", help="check every C++ file below")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    files = list(options.files)
    if options.root:
        files += [os.path.join(options.root, f) for f in cpp_source.source_files(options.root)]
    count = 0
    for path in files:
        for line, what in problems(cpp_source.read(path)):
            print(f"{path}:{line}: {what}: name the value above and std::move it in")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
