#!/usr/bin/env python3
"""Finds types of one name that two files define in one namespace.

C++ allows one definition in a program. A second one, even in another library, links without a word:
the linker keeps one of the two sets of inline members and constructors, for both. A type that only
one .cpp needs belongs into an unnamed namespace.

usage: odr_lint.py [--root DIRECTORY] [FILE...]     files are relative to the root
"""
import argparse
import os
import re
import sys

import cpp_source

# Projects of their own: never in one program with the rest of the tree or with each other.
APART = ("examples/embedded_monitor/", "examples/custom_module/")
NAME = re.compile(r"\b(?:class|struct|union|enum(?: class| struct)?)((?: \[ \[.*?\] \]| alignas \(.*?\))*) "
                  r"(?P<name>(?::: )?\w+(?: :: \w+)*(?P<special> <[^:{]*>)?)(?: final)?(?: :(?!:)|$)")


def namespace_of(blocks):
    """"a::b" of the blocks around a type; None if other files cannot see it, or it is inside a type."""
    parts = []
    for block in blocks:
        if block.kind != "space":
            return None
        head = re.sub(r"^inline ", "", block.head)
        if not head.startswith("namespace"):
            continue  # extern "C"
        name = re.sub(r"\[ \[.*?\] \]| ", "", head[len("namespace"):])
        if not name:
            return None
        parts.append(name)
    return "::".join(parts)


def types(text):
    """(qualified name, line) of every type that the file defines for others to see."""
    for line, block, around in cpp_source.Scanner(text).types:
        match = NAME.search(block.head)
        space = namespace_of(around)
        if match and space is not None:
            name = match.group("name").replace(" ", "")
            yield (f"{space}::{name}" if space else name), line


def problems(files):
    """(path, line, what); `files` maps a path to its text."""
    first, found = {}, []
    for path in sorted(files):
        apart = next((folder for folder in APART if path.startswith(folder)), "")
        for name, line in types(files[path]):
            there = first.setdefault((apart, name), (path, line))
            if there[0] != path:
                found.append((path, line, f"{name} is also in {there[0]}:{there[1]}: give one another name, "
                                          "or an unnamed namespace"))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=".")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    files = options.files or cpp_source.source_files(options.root)
    found = problems({path: cpp_source.read(os.path.join(options.root, path)) for path in files})
    for path, line, what in found:
        print(f"{path}:{line}: {what}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
