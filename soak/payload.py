"""What a message says of itself, so that whoever receives it can tell whether it is whole.

A *named* message begins with a header: queue, producer, priority, length, sequence number and a
checksum of it all. A message with no room for a header is *anonymous*: n bytes of the value n. The
first byte tells them apart, so that what `drain` puts one behind the other can be taken apart.
"""

import struct
import zlib

MSGSIZE = 256

_HEAD = struct.Struct("<BBHHHI")
_CRC = struct.Struct("<I")
HEADER_SIZE = _HEAD.size + _CRC.size

NAMED = 0xA5
CORRUPT = 0xEE

# Sent with the lowest priority when everything else has been. Who receives it sends it again, for
# the others, and ends.
END = b"\xff"
END_PRIORITY = 0


def named(queue, producer, priority, sequence, body):
    head = _HEAD.pack(NAMED, queue, producer, priority, HEADER_SIZE + len(body), sequence)
    return head + _CRC.pack(zlib.crc32(body, zlib.crc32(head))) + body


def anonymous(length):
    return bytes([length]) * length


def split(drained):
    """The messages in what was drained. What makes no sense is one message, to be found corrupt."""
    at = 0
    while at < len(drained):
        first = drained[at]
        if 0 < first < HEADER_SIZE:
            length = first
        elif first == END[0]:
            length = len(END)
        elif first == NAMED and len(drained) - at >= HEADER_SIZE:
            length = _HEAD.unpack_from(drained, at)[4]
        else:
            length = len(drained) - at
        length = max(length, 1)
        yield bytes(drained[at : at + length])
        at += length


def record(message, queue):
    """What is noted of a message that came out of a queue: its first bytes, or that it is corrupt.

    Always as long as a header, which divides a page: a write of it is never half done.
    """
    if len(message) < HEADER_SIZE:
        if message == anonymous(len(message)):
            return message.ljust(HEADER_SIZE, b"\0")
        return _corrupt(message)
    mark, of_queue, _, _, length, _ = _HEAD.unpack_from(message)
    (crc,) = _CRC.unpack_from(message, _HEAD.size)
    body = memoryview(message)[HEADER_SIZE:]
    whole = crc == zlib.crc32(body, zlib.crc32(memoryview(message)[: _HEAD.size]))
    if whole and (mark, of_queue, length) == (NAMED, queue, len(message)):
        return message[:HEADER_SIZE]
    return _corrupt(message)


def _corrupt(message):
    return bytes([CORRUPT]) + message[: HEADER_SIZE - 1].ljust(HEADER_SIZE - 1, b"\0")


def read_record(noted):
    """The kind of a record (NAMED, CORRUPT or the length of an anonymous message), its producer,
    priority and sequence number."""
    kind, _, producer, priority, _, sequence = _HEAD.unpack_from(noted)
    return kind, producer, priority, sequence
