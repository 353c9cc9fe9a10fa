"""The chat cluster of config/ on free ports and in a directory of its own, run by `muster start`."""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE_S = 60


def eventually(what, patience, condition):
    """The first true value of `condition`, looked at until `patience` seconds have passed."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {patience} s: {what}"
        time.sleep(0.02)


_reserved = []


def free_ports(count):
    """Ports that nobody has, and no other test gets: see test/support/free_port.hpp."""
    ports = []
    while len(ports) < count:
        port = random.randrange(20_000, 32_000)
        mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            mark.bind(f"\0muster-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        _reserved.append(mark)  # until this process ends
        ports.append(port)
    return ports


class ChatCluster:
    """Used as a context: at its end nothing of it runs, whatever happened."""

    def __init__(self, muster, programs, source):
        self.muster, self.programs = muster, pathlib.Path(programs).resolve()
        self.source = pathlib.Path(source).resolve()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="muster-chat-"))
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith("MUSTER_")}
        # What servers inherit, and are known by: their command lines do not name the directory.
        self.environment["CHAT_TEST_DIRECTORY"] = str(self.directory)
        self.master = None
        self._write_config()

    def _write_config(self):
        """The sample configuration with other ports and this build's programs."""
        config = self.directory / "config"
        config.mkdir()
        ports = iter(free_ports(6))
        master = json.loads((self.source / "config/master.json").read_text())
        master["development"]["port"] = next(ports)
        servers = json.loads((self.source / "config/servers.json").read_text())
        self.client_ports = {}
        for group in servers["development"].values():
            for server in group:
                key = "clientPort" if "clientPort" in server else "port"
                server[key] = next(ports)
                self.client_ports[server["id"]] = server[key]
        muster = json.loads((self.source / "config/muster.json").read_text())
        for kind in muster["types"].values():
            program, *arguments = kind["command"]
            kind["command"] = [str(self.programs / pathlib.Path(program).name)] + [
                argument.replace("${base}", str(self.source)) for argument in arguments]
        for name, content in (("master", master), ("servers", servers), ("muster", muster)):
            (config / f"{name}.json").write_text(json.dumps(content))

    def run(self, *words):
        """One command line: (exit status, stdout, stderr)."""
        done = subprocess.run([self.muster, *words, "-c", str(self.directory)], text=True,
                              capture_output=True, timeout=PATIENCE_S, env=self.environment,
                              stdin=subprocess.DEVNULL, check=False)
        return done.returncode, done.stdout, done.stderr

    def start(self):
        with open(self.directory / "master.log", "ab") as log:
            self.master = subprocess.Popen(
                [self.muster, "start", "-c", str(self.directory)], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=self.environment, start_new_session=True)
        status, _, talk = self.run("wait", "all", "--timeout", "50s")
        assert status == 0, f"{talk}\n{self.log()}"

    def rows(self):
        status, text, talk = self.run("ls", "-o", "jsonl")
        assert status == 0, f"{talk}\n{self.log()}"
        return {row["id"]: row for row in map(json.loads, text.splitlines())}

    def stop(self):
        """Ctrl-C. The master's exit status."""
        self.master.send_signal(signal.SIGINT)
        return self.master.wait(PATIENCE_S)

    def log(self):
        return (self.directory / "master.log").read_text(errors="replace")[-4000:]

    def processes(self):
        """Pids of everything that was started for this directory and is still there."""
        mark, pids = str(self.directory).encode(), []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if mark in text and int(entry.name) != os.getpid():
                pids.append(int(entry.name))
        return pids

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A keeper starts its node again, and a node its servers: until nobody is left.
        def is_over():
            for pid in self.processes():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            return not self.processes()
        eventually("the end of all processes", 10, is_over)
        if self.master:
            self.master.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
