"""What the shell scripts do before they do anything: help, mistakes, a system that is none of ours."""
import pathlib
import subprocess
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"


def run(name, *arguments, path="/usr/bin:/bin", cwd="/"):
    return subprocess.run(["/bin/bash", str(SCRIPTS / name), *arguments], cwd=cwd, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, env={"PATH": path}, timeout=30)


class Scripts(unittest.TestCase):
    def test_all_are_shell(self):
        for script in SCRIPTS.glob("*.sh"):
            checked = subprocess.run(["/bin/bash", "-n", str(script)], capture_output=True, text=True)
            self.assertEqual(checked.returncode, 0, checked.stderr)
            self.assertTrue(script.stat().st_mode & 0o111, f"{script} is not executable")

    def test_run_tells_its_usage_from_anywhere(self):
        for cwd, name in (("/", "run.sh"), (str(SCRIPTS), "run.sh")):
            for flag in ("--help", "-h"):
                helped = run(name, flag, cwd=cwd)
                self.assertEqual(helped.returncode, 0, helped.stderr)
                self.assertIn("usage: run.sh [--stop | --help]", helped.stdout)
        relative = subprocess.run(["./run.sh", "--help"], cwd=SCRIPTS, capture_output=True, text=True, timeout=30)
        self.assertIn("usage: run.sh", relative.stdout)

    def test_run_does_nothing_it_does_not_understand(self):
        for words in (["--hlep"], ["start"], ["--stop", "now"], ["--stop", "--help"], [""]):
            refused = run("run.sh", *words)
            self.assertEqual(refused.returncode, 2, (words, refused.stdout, refused.stderr))
            self.assertIn("usage: run.sh", refused.stderr)

    def test_dependencies_are_named_where_there_is_no_dpkg(self):
        with tempfile.TemporaryDirectory() as empty:
            refused = run("install_deps.sh", "--tests", path=empty)
        self.assertEqual(refused.returncode, 1)
        for package in ("cmake", "libboost1.81-dev", "mosquitto", "npm"):
            self.assertIn(package, refused.stderr)


if __name__ == "__main__":
    unittest.main()
