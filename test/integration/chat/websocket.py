"""A WebSocket client of a few lines (RFC 6455): text messages, as a browser sends them."""
import base64
import hashlib
import json
import os
import socket
import struct
import time

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Closed(Exception):
    """The other side is gone."""


class WebSocket:
    def __init__(self, port, patience=5):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.input = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((
            "GET / HTTP/1.1\r\n" f"Host: 127.0.0.1:{port}\r\n" "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n" f"Sec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.input:
            self._read(time.monotonic() + patience)
        head, self.input = self.input.split(b"\r\n\r\n", 1)
        wanted = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest())
        assert head.startswith(b"HTTP/1.1 101") and wanted in head, head

    def _read(self, end):
        self.socket.settimeout(max(0.001, end - time.monotonic()))
        try:
            data = self.socket.recv(65536)
        except socket.timeout:
            raise TimeoutError("nothing came in time") from None
        except OSError as error:
            raise Closed(str(error)) from None
        if not data:
            raise Closed("end of stream")
        self.input += data

    def _frame(self, opcode, payload):
        mask = os.urandom(4)
        size = len(payload)
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size) if size < 126 else \
            struct.pack("!BBH", 0x80 | opcode, 0xFE, size)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        try:
            self.socket.sendall(head + mask + masked)
        except OSError as error:
            raise Closed(str(error)) from None

    def _take_frame(self):
        """(opcode, payload) of a whole frame in the input, or None."""
        if len(self.input) < 2:
            return None
        size, start = self.input[1] & 0x7F, 2
        if size == 126:
            size, start = int.from_bytes(self.input[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(self.input[2:10], "big"), 10
        if len(self.input) < start + size:
            return None
        opcode, payload = self.input[0] & 0x0F, self.input[start:start + size]
        self.input = self.input[start + size:]
        return opcode, payload

    def send(self, message):
        self._frame(TEXT, json.dumps(message).encode())

    def receive(self, patience):
        """The next message; TimeoutError if none came within `patience` seconds."""
        end = time.monotonic() + patience
        while True:
            frame = self._take_frame()
            if frame is None:
                if time.monotonic() >= end:
                    raise TimeoutError("nothing came in time")
                self._read(end)
                continue
            opcode, payload = frame
            if opcode == CLOSE:
                raise Closed("closed by the server")
            if opcode == PING:
                self._frame(PONG, payload)
            elif opcode == TEXT:
                return json.loads(payload)

    def close(self):
        self.socket.close()
