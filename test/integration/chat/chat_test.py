"""People talk over the chat cluster while parts of it die and come back.

usage: chat_test.py MUSTER PROGRAMS_DIRECTORY SOURCE_DIRECTORY
"""
import json
import os
import signal
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request

from cluster import ChatCluster, eventually
from websocket import Closed, WebSocket

PATIENCE_S = 15


class Person:
    """A browser: joined to a room over one connector."""

    def __init__(self, name, room, port):
        self.name, self.room, self.port = name, room, port
        self.heard, self.server, self.homes = [], None, []
        self.socket = None
        self.is_asked_to_move = False
        self.enter()

    def enter(self):
        """Connects, again if need be, and joins."""
        def connect():
            try:
                self.socket = WebSocket(self.port)
            except (OSError, Closed):
                return False
            return True
        eventually(f"{self.name} at port {self.port}", PATIENCE_S, connect)
        self.socket.send({"op": "join", "name": self.name, "room": self.room})
        self.server = None
        self.listen_until(f"a welcome for {self.name}", lambda: self.server)

    def listen(self, patience):
        """Takes in what comes within `patience` seconds; False if nothing did."""
        try:
            event = self.socket.receive(patience)
        except TimeoutError:
            return False
        if event["kind"] == "welcome":
            self.server = event["server"]
            self.homes.append(self.server)
        elif event["kind"] == "move":
            self.is_asked_to_move = True
        elif event["kind"] == "message":
            self.heard.append((event["name"], event["text"]))
        return True

    def listen_until(self, what, condition):
        end = time.monotonic() + PATIENCE_S
        while not condition():
            self.listen(0.1)
            assert time.monotonic() < end, f"not within {PATIENCE_S} s: {what}"

    def move(self, ports):
        """As the page does: another connector takes over before this one is left."""
        other = next(port for port in ports if port != self.port)

        def connect():
            try:
                fresh = WebSocket(other)
            except (OSError, Closed):
                return None
            if fresh.receive(PATIENCE_S)["kind"] == "hello":
                return fresh
            fresh.close()
            return None
        fresh = eventually(f"another connector for {self.name}", PATIENCE_S, connect)
        old, self.socket, self.port, self.is_asked_to_move = self.socket, fresh, other, False
        self.socket.send({"op": "join", "name": self.name, "room": self.room})
        old.close()

    def say(self, text):
        self.socket.send({"op": "say", "text": text})


def talk(speaker, listener, text):
    """Says `text` until it is heard: what is said while a chat server is away is lost."""
    def is_heard():
        speaker.say(text)
        speaker.listen(0.05)
        listener.listen(0.1)
        return (speaker.name, text) in listener.heard
    eventually(f"{listener.name} hears '{text}'", PATIENCE_S, is_heard)


class Chat(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(ChatCluster(*ARGUMENTS))
        cls.cluster.start()

    def people(self, room):
        ports = self.cluster.client_ports
        ann = Person("ann", room, ports["connector-1"])
        self.addCleanup(ann.socket.close)
        bob = Person("bob", room, ports["connector-2"])
        self.addCleanup(bob.socket.close)
        return ann, bob

    def test_gate_gives_the_page_and_the_connectors_in_turn(self):
        base = f"http://127.0.0.1:{self.cluster.client_ports['gate-1']}"
        with urllib.request.urlopen(base + "/", timeout=5) as page:
            self.assertIn("connect-src", page.headers["Content-Security-Policy"])
            self.assertIn(b"muster", page.read())

        def next_connector():
            try:
                with urllib.request.urlopen(base + "/connector", timeout=5) as answer:
                    return json.load(answer)["id"]
            except urllib.error.HTTPError:  # it knows none yet
                return None
        # A gate may be ready a moment before it has heard of both.
        eventually("both connectors in turn", PATIENCE_S,
                   lambda: {next_connector(), next_connector()} == {"connector-1", "connector-2"})

    def test_people_on_different_connectors_talk(self):
        ann, bob = self.people("lobby")
        # A connector may be ready a moment before it has heard of both chat servers.
        end = time.monotonic() + PATIENCE_S
        while ann.server != bob.server and time.monotonic() < end:
            ann.listen(0.05)
            bob.listen(0.05)
        self.assertEqual(ann.server, bob.server)
        talk(ann, bob, "hello bob")
        talk(bob, ann, "hello ann \u2764 <b>")

    def test_room_outlives_its_chat_server(self):
        ann, bob = self.people("kitchen")
        home = ann.server
        before = self.cluster.rows()[home]
        self.assertGreater(before["pid"], 1)  # 0 would be this test's own group
        os.kill(before["pid"], signal.SIGKILL)
        talk(ann, bob, "are you still there?")
        talk(bob, ann, "yes")

        def is_back():
            row = self.cluster.rows()[home]
            return row["ready"] and row["pid"] != before["pid"]
        eventually(f"{home} with a new process", PATIENCE_S, is_back)
        ann.listen_until("ann's room is where it was", lambda: ann.server == home)
        bob.listen_until("bob's room is where it was", lambda: bob.server == home)
        talk(ann, bob, "home again")

    def test_people_return_after_a_restart_of_their_connector(self):
        ann, bob = self.people("garden")
        first = ann.socket
        before = self.cluster.rows()["connector-1"]["pid"]
        status, _, words = self.cluster.run("restart", "connector-1")
        self.assertEqual(status, 0, words)
        with self.assertRaises(Closed):
            while True:
                ann.listen(PATIENCE_S)
        self.assertNotEqual(self.cluster.rows()["connector-1"]["pid"], before)
        first.close()
        ann.enter()
        self.addCleanup(ann.socket.close)
        talk(ann, bob, "back")

    def test_rolling_restart_with_drain_cuts_nobody(self):
        ann, bob = self.people("terrace")
        ports = [self.cluster.client_ports[f"connector-{number}"] for number in (1, 2)]
        before = {name: row["pid"] for name, row in self.cluster.rows().items()}
        ended = []
        rolling = threading.Thread(target=lambda: ended.append(
            self.cluster.run("restart", "-t", "connector", "--rolling", "--drain=1m")))
        rolling.start()
        moves = 0
        while rolling.is_alive():
            for person in (ann, bob):
                person.listen(0.05)  # Closed, if it is cut
                if person.is_asked_to_move:
                    person.move(ports)
                    moves += 1
        rolling.join()
        self.addCleanup(ann.socket.close)
        self.addCleanup(bob.socket.close)
        self.assertEqual(ended[0][0], 0, ended[0])
        self.assertGreaterEqual(moves, 3)  # one from the first, then both from the second
        after = {name: row["pid"] for name, row in self.cluster.rows().items()}
        self.assertNotEqual(after["connector-1"], before["connector-1"])
        self.assertNotEqual(after["connector-2"], before["connector-2"])
        self.assertEqual(after["gate-1"], before["gate-1"])
        talk(ann, bob, "nobody was cut")

    def test_connectors_tell_how_many_are_there(self):
        self.people("busy")
        eventually("SESS of connector-1", PATIENCE_S,
                   lambda: self.cluster.rows()["connector-1"].get("busy", 0) >= 1)

    def test_masters_death_is_not_noticed_by_people(self):
        ann, bob = self.people("attic")
        homes = [ann.server]
        before = {name: row["pid"] for name, row in self.cluster.rows().items()}
        self.cluster.master.kill()
        self.cluster.master.wait()
        talk(ann, bob, "nobody in charge")
        self.cluster.start()
        self.assertEqual({name: row["pid"] for name, row in self.cluster.rows().items()}, before)
        talk(bob, ann, "nor does it matter")
        self.assertEqual((ann.homes, bob.homes), (homes, homes))


class End(unittest.TestCase):
    def test_ctrl_c_leaves_nothing_behind(self):
        with ChatCluster(*ARGUMENTS) as cluster:
            cluster.start()
            self.assertEqual(cluster.stop(), 0, cluster.log())
            eventually("the end of all processes", PATIENCE_S, lambda: not cluster.processes())


if __name__ == "__main__":
    ARGUMENTS = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
