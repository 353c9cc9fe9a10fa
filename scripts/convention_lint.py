#!/usr/bin/env python3
"""Checks what CONTRIBUTING.md asks of every file and a program can see.

Length of files and functions, include guards, macros, forbidden names and calls, heavy headers.

usage: convention_lint.py [--root DIRECTORY] [FILE...]     files are relative to the root
"""
import argparse
import ast
import os
import re
import sys

import cpp_source

MAX_FILE, MAX_FUNCTION = 400, 60
SOURCES = cpp_source.CPP + (".py", ".sh", ".js", ".mjs", ".html", ".css", ".cmake")
NAME_PARTS = re.compile(r"\w*(?:Manager|Helper|Utils?(?![a-z]))\w*|\b\w*_(?:manager|helper|utils?)\b")
OPEN_ITEM = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
SLEEPS = re.compile(r"\b(?:sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(")
DETACHED = re.compile(r"\basio\s*::\s*detached\b")
HEAVY = re.compile(r'#\s*include\s*[<"]((?:nlohmann|muster)/json\.hpp|boost/asio\.hpp|boost/beast[^>"]*)[>"]')
MAY_BE_HEAVY = {"include/muster/json.hpp"}
MACRO = re.compile(r"^\s*#\s*define\s+(\w+)", re.M)
MAY_BE_MACRO = {"CO_ASSERT"}


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def check_everywhere(path, text):
    lines = text.count("\n") + (not text.endswith("\n") and bool(text))
    if lines > MAX_FILE:
        yield MAX_FILE + 1, f"the file has {lines} lines, {MAX_FILE} are allowed: split it by type"
    for match in OPEN_ITEM.finditer(text):
        yield line_of(text, match.start()), f"{match.group(0)}: finish it, or file an issue"
    stem = os.path.basename(path)
    if re.search(r"manager|helper|utils?\b", stem.rsplit(".", 1)[0].replace("_", " ")):
        yield 1, f"the name {stem} does not say what the file holds"


def check_cpp(path, text):
    code = cpp_source.without_noise(text)
    bare = cpp_source.without_comments(text)
    for match in MACRO.finditer(bare):
        if match.group(1) not in MAY_BE_MACRO:
            yield line_of(text, match.start(1)), f"macro {match.group(1)}: use a constant or a function"
    for match in NAME_PARTS.finditer(code):
        yield line_of(text, match.start()), f"{match.group(0)}: no Manager, Helper or Util in a name"
    for match in DETACHED.finditer(code):
        yield line_of(text, match.start()), "detached: give the work an owner that joins it"
    if path.startswith("test/"):
        for match in SLEEPS.finditer(code):
            yield line_of(text, match.start()), "a sleep in a test: wait for a condition (eventually)"
    yield from check_functions(text)


def check_functions(text):
    for line, head, block in cpp_source.Scanner(text).functions:
        length = getattr(block, "end", line) - line + 1
        if length > MAX_FUNCTION:
            name = re.sub(r" ?(::|[(~]) ?", r"\1", head.split(" (")[0])[-60:]
            yield line, f"{name}: {length} lines, {MAX_FUNCTION} are allowed"


def check_header(path, text):
    if not re.search(r"^#pragma once$", text, re.M):
        yield 1, "no #pragma once"
    for match in re.finditer(r"\busing\s+namespace\b", cpp_source.without_noise(text)):
        yield line_of(text, match.start()), "using namespace in a header: it reaches every includer"
    if path in MAY_BE_HEAVY or path.startswith(("test/", "bench/")):
        return
    for match in HEAVY.finditer(text):
        yield line_of(text, match.start()), f"a header includes {match.group(1)}: move it into the .cpp"


def check_python(text):
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        yield error.lineno or 1, "not valid Python"
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION:
                yield node.lineno, f"{node.name}: {length} lines, {MAX_FUNCTION} are allowed"


def problems(path, text):
    """(line, what) for one file; `path` is relative to the root, with slashes."""
    found = list(check_everywhere(path, text))
    if path.endswith(cpp_source.CPP):
        found += check_cpp(path, text)
    if path.endswith((".hpp", ".h")):
        found += check_header(path, text)
    if path.endswith(".py"):
        found += check_python(text)
    return sorted(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=".")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    files = options.files or cpp_source.source_files(options.root, SOURCES)
    count = 0
    for path in files:
        for line, what in problems(path, cpp_source.read(os.path.join(options.root, path))):
            print(f"{path}:{line}: {what}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
