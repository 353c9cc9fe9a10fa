#!/usr/bin/python3
"""python3-paho-mqtt as a client of the broker: 3.1, 3.1.1 and 5.0, QoS 0, 1 and 2.

usage: paho_python_test.py BROKER_PROGRAM [unittest arguments]
"""
import queue
import subprocess
import sys
import threading
import unittest

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

VERSIONS = {"3.1": mqtt.MQTTv31, "3.1.1": mqtt.MQTTv311, "5.0": mqtt.MQTTv5}
PATIENCE = 10  # seconds


class Client:
    """Connected, with a thread of Paho's; messages and answers are waited for."""

    def __init__(self, port, version, client_id="", persistent=False, will=None):
        is5 = version == mqtt.MQTTv5
        options = {} if is5 else {"clean_session": not persistent}
        self.paho = mqtt.Client(client_id=client_id, protocol=version, **options)
        self.messages, self.events = queue.Queue(), queue.Queue()
        self.paho.on_message = lambda _c, _u, message: self.messages.put(message)
        self.paho.on_connect = lambda _c, _u, flags, code, *_: self.events.put((flags, code))
        self.paho.on_subscribe = lambda _c, _u, _m, codes, *_: self.events.put(codes)
        if will:
            self.paho.will_set(*will)
        more = {}
        if is5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 600 if persistent else 0
            more = {"clean_start": not persistent, "properties": properties}
        self.paho.connect("127.0.0.1", port, 60, **more)
        self.paho.loop_start()
        self.flags, code = self.events.get(timeout=PATIENCE)
        assert code == 0, code

    def subscribe(self, topic, qos):
        self.paho.subscribe(topic, qos)
        return self.events.get(timeout=PATIENCE)

    def publish(self, topic, payload, qos, retain=False):
        info = self.paho.publish(topic, payload, qos, retain)
        info.wait_for_publish(PATIENCE)
        assert info.is_published()

    def next(self):
        return self.messages.get(timeout=PATIENCE)

    def close(self):
        self.paho.disconnect()
        self.paho.loop_stop()

    def breaks(self):
        """The connection ends without a goodbye, and is not made again."""
        self.paho._thread_terminate = True
        self.paho.socket().shutdown(2)
        self.paho.loop_stop()


class PahoPython(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = subprocess.Popen([PROGRAM, "--port", "0"], stdout=subprocess.PIPE, text=True)
        watchdog = threading.Timer(PATIENCE, cls.broker.kill)
        watchdog.start()
        cls.port = int(cls.broker.stdout.readline().split()[1])
        watchdog.cancel()

    @classmethod
    def tearDownClass(cls):
        cls.broker.kill()
        cls.broker.wait()
        cls.broker.stdout.close()

    def each(self, lowest=0):
        for name, version in VERSIONS.items():
            for qos in range(lowest, 3):
                yield version, qos, f"python/{name}/{qos}"

    def test_messages_arrive_intact_and_in_order(self):
        for version, qos, topic in self.each():
            with self.subTest(topic):
                client = Client(self.port, version)
                granted = client.subscribe(topic + "/+", qos)
                self.assertEqual([getattr(code, "value", code) for code in granted], [qos])
                payloads = [b"", b"\x00\xff\x80", b"x" * 300_000]
                for payload in payloads:
                    client.publish(topic + "/t", payload, qos)
                for payload in payloads:
                    message = client.next()
                    self.assertEqual((message.topic, message.payload, message.qos), (topic + "/t", payload, qos))
                client.close()

    def test_the_last_retained_message_is_there(self):
        for version, qos, topic in self.each():
            with self.subTest(topic):
                client = Client(self.port, version)
                client.publish(topic, "old", qos, True)
                client.publish(topic, "new", qos, True)
                client.subscribe(topic, qos)
                message = client.next()
                self.assertEqual((message.payload, message.qos, message.retain), (b"new", qos, True))
                client.publish(topic, "", qos, True)
                client.close()

    def test_a_will_comes_when_the_connection_breaks(self):
        for version, qos, topic in self.each():
            with self.subTest(topic):
                watcher = Client(self.port, version)
                watcher.subscribe(topic + "/will", qos)
                victim = Client(self.port, version, will=(topic + "/will", "gone", qos))
                victim.breaks()
                message = watcher.next()
                self.assertEqual((message.payload, message.qos), (b"gone", qos))
                watcher.close()

    def test_a_session_is_resumed_with_what_came_meanwhile(self):
        for version, qos, topic in self.each(lowest=1):
            with self.subTest(topic):
                name = f"python{int(version)}{qos}"
                first = Client(self.port, version, name, persistent=True)
                first.subscribe(topic, qos)
                first.close()
                writer = Client(self.port, version)
                writer.publish(topic, "for later", qos)
                writer.close()
                second = Client(self.port, version, name, persistent=True)
                self.assertEqual(second.flags["session present"], version != mqtt.MQTTv31)
                message = second.next()
                self.assertEqual((message.payload, message.qos), (b"for later", qos))
                second.close()


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
