#!/usr/bin/python3
"""Paho's Python client over any stream: subscribes, publishes to itself, and prints what comes.

usage: paho_client.py mqtt|mqtts|ws|wss PORT 3.1|3.1.1|5 [CA [CERT KEY]]
"""
import ssl
import sys

import paho.mqtt.client as mqtt

VERSIONS = {"3.1": mqtt.MQTTv31, "3.1.1": mqtt.MQTTv311, "5": mqtt.MQTTv5}


def main():
    scheme, port, version = sys.argv[1], int(sys.argv[2]), VERSIONS[sys.argv[3]]
    files = sys.argv[4:]
    transport = "websockets" if scheme.startswith("ws") else "tcp"
    client = mqtt.Client("paho", protocol=version, transport=transport)
    if transport == "websockets":
        client.ws_set_options(path="/mqtt")
    if files:
        client.tls_set(files[0], *files[1:], cert_reqs=ssl.CERT_REQUIRED)
    wanted = ["small", "x" * 300_000]

    def on_connect(_client, _data, _flags, code, *_properties):
        print("connected", int(code) if isinstance(code, int) else code.value)
        client.subscribe("a/#", 2)

    def on_subscribe(*_ignored):
        for qos, payload in enumerate(wanted, start=1):
            client.publish("a/b", payload, qos)

    def on_message(_client, _data, message):
        payload = message.payload.decode()
        wanted.remove(payload)
        print("got", len(payload), message.qos, flush=True)
        if not wanted:
            client.disconnect()

    client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
    client.connect("localhost", port)
    client.loop_forever()


if __name__ == "__main__":
    main()
