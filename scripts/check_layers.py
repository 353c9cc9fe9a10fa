#!/usr/bin/env python3
"""Checks the direction of #includes between muster's folders (docs/architecture.md).

usage: check_layers.py [--root DIRECTORY] [FILE...]     files are relative to the root
"""
import argparse
import os
import re
import sys

import cpp_source

# A box: its folder or file pattern, and the boxes it may include. The first match counts. A box
# may always include itself and the public headers.
LAYERS = [
    ("public", r"include/muster/", []),
    ("common/paho", r"common/mqtt/paho", ["common"]),
    ("common", r"common/", []),
    ("keeper", r"keeper/", ["common"]),
    ("monitor", r"monitor/", ["common", "common/paho", "modules/monitor"]),
    ("client", r"client/", ["common", "common/paho", "monitor"]),
    ("modules/shared", r"modules/\w+\.[ch]pp$", ["common"]),
    ("modules/node", r"modules/supervisor/(?:command_run|keeper_link|liveness|log_|node_|notify_|probes|restart_|server_|spec_|tcp_)",
     ["common", "monitor"]),
    ("modules/monitor", r"modules/\w+/\w+_monitor(?:_\w+)?\.[ch]pp$",
     ["common", "modules/shared"]),
    ("modules/master", r"modules/",
     ["common", "modules/shared", "modules/node", "master/console", "master/async",
      "master/cluster", "master/supervisor", "master/scheduler", "master/mqtt/access"]),
    ("master/async", r"master/async/", ["common"]),
    ("master/mqtt/access", r"master/mqtt/(?:access_control|broker_view|packet)\.hpp$", ["common"]),
    ("master/mqtt", r"master/mqtt/", ["common", "master/async", "master/mqtt/access"]),
    ("master/sqlite", r"master/sqlite/", ["common"]),
    ("master/cluster", r"master/cluster/", ["common", "master/sqlite"]),
    ("master/session_store", r"master/session_store/",
     ["common", "master/mqtt", "master/mqtt/access", "master/sqlite"]),
    ("master/scheduler", r"master/scheduler/", ["common"]),
    ("master/supervisor", r"master/supervisor/", ["common"]),
    ("master/console", r"master/console/",
     ["common", "master/async", "master/cluster", "master/mqtt/access"]),
    ("master/http", r"master/http/", ["common", "master/async", "master/console"]),
    ("master", r"master/",
     ["common", "common/paho", "master/async", "master/mqtt", "master/mqtt/access",
      "master/cluster", "master/session_store", "master/scheduler", "master/supervisor",
      "master/console", "master/http"]),
    ("console", r"console/", ["common"]),
    ("examples", r"examples/", []),
    ("all", r"(?:app|test|bench)/", ["*"]),
]
# Third-party headers, and the only places that may include them.
THIRD_PARTY = [
    (r"boost/beast", r"master/(?:mqtt|http)/\w+\.cpp$|examples/|bench/|test/"),
    (r"boost/", r"master/(?:async|mqtt|http)/|app/|examples/|bench/|test/"),
    (r"(?:mqtt/|MQTT)", r"common/mqtt/paho\w*|bench/|test/"),
    (r"sqlite3\.h", r"master/(?:sqlite|cluster|session_store)/|bench/|test/"),
    (r"argon2\.h|openssl/", r"master/|common/|examples/chat/|test/|bench/"),
    (r"prometheus/", r"master/http/|test/"),
    (r"CLI/", r"console/|app/|bench/|test/"),
    (r"spdlog/", r"common/log\.cpp$"),
]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def box_of(path):
    """(name, may include) of a file; None if it is in no box."""
    for name, pattern, allowed in LAYERS:
        if re.match(pattern, path):
            return name, allowed
    return None


def folder_problem(path, included):
    here, there = box_of(path), box_of(included)
    if here is None or there is None:
        return None
    name, allowed = here
    if there[0] in (name, "public", *allowed) or "*" in allowed:
        return None
    if name == "modules/monitor" and os.path.dirname(path) == os.path.dirname(included):
        return None if not included.endswith(("_master.hpp", "_master.h")) else f"{name} includes {included}"
    return f"{name} may not include {there[0]} ({included})"


def third_party_problem(path, included):
    for header, places in THIRD_PARTY:
        if re.match(header, included):
            return None if re.match(places, path) else f"{included} may not be included here"
    return None


def problems(path, text):
    """(line, what) of every include against the direction."""
    found = []
    for match in INCLUDE.finditer(text):
        line, included = text.count("\n", 0, match.start()) + 1, match.group(2)
        if included.startswith("muster/"):
            continue
        project = match.group(1) == '"'
        what = folder_problem(path, included) if project else third_party_problem(path, included)
        if what:
            found.append((line, what))
        if path.startswith("include/muster/") and project:
            found.append((line, "an installed header includes only <muster/…> and the standard library"))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=".")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    files = options.files or cpp_source.source_files(options.root)
    count = 0
    for path in files:
        for line, what in problems(path, cpp_source.read(os.path.join(options.root, path))):
            print(f"{path}:{line}: {what}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
