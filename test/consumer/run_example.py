"""Runs an example program: one that serves until SIGTERM, or one that ends by itself.

usage: run_example.py PROGRAM serve|end|help
"""
import os
import signal
import subprocess
import sys

PATIENCE_S = 20
# No master is there: a monitor must start all the same, and end at once when asked to.
ENVIRONMENT = {
    "MUSTER_ID": "area-1",
    "MUSTER_TYPE": "area",
    "MUSTER_CLUSTER": "consumer",
    "MUSTER_MASTER": "mqtt://127.0.0.1:1",
}


def serve(program):
    process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True,
                               env={**os.environ, **ENVIRONMENT})
    try:
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        status = process.wait(PATIENCE_S)
    finally:
        process.kill()
        process.stdout.close()
    print(f"it said {line!r} and ended with status {status}")
    return 0 if line == "serving\n" and status == 0 else 1


def main():
    program, mode = sys.argv[1:3]
    if mode == "serve":
        return serve(program)
    arguments = ["help"] if mode == "help" else []
    return subprocess.run([program, *arguments], timeout=PATIENCE_S, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
