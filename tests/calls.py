"""Every call that waits, by the name of its method, for what all of them have in common."""


def drain(mq, *timeout, **named):
    buffer = bytearray()
    mq.drain(buffer, *timeout, **named)
    return bytes(buffer)


def receive_into(mq, *timeout, **named):
    buffer = bytearray(mq.msgsize)
    length, _ = mq.receive_into(buffer, *timeout, **named)
    return bytes(buffer[:length])


# Called with a queue and the bytes of one message.
SENDING = {
    "send": lambda mq, message, **named: mq.send(message, **named),
    "sendall": lambda mq, message, **named: mq.sendall(message, **named),
    "fill": lambda mq, message, **named: mq.fill(bytearray(message), **named),
    "send_message": lambda mq, message, **named: mq.send_message(message, **named),
    "send_many": lambda mq, message, **named: mq.send_many([message], **named),
}

# Called with a queue, they return the bytes of one message.
RECEIVING = {
    "receive": lambda mq, *timeout, **named: mq.receive(*timeout, **named),
    "drain": drain,
    "receive_message": lambda mq, *timeout, **named: mq.receive_message(*timeout, **named).data,
    "receive_into": receive_into,
    "receive_many": lambda mq, **named: b"".join(m.data for m in mq.receive_many(**named)),
}

# Called with a queue, on which they have to wait if it is `blocking_queue` for them.
CALLS = {
    name: lambda mq, call=call, **named: call(mq, b"more", **named)
    for name, call in SENDING.items()
} | RECEIVING


def blocking_queue(new_queue, call, **options):
    """A queue that is full, if the call is one that sends, and empty otherwise."""
    mq = new_queue(maxmsg=1, **options)
    if call in SENDING:
        mq.send(b"there")
    return mq


def unblock(mq, call):
    """Lets the call go on; what it has sent, or received, is to be b"more"."""
    if call in SENDING:
        assert mq.receive() == b"there"
    else:
        mq.send(b"more")


def is_unchanged(mq, call):
    """Whether the call has sent and taken nothing. The queue is empty after it."""
    left = [mq.receive() for _ in range(len(mq))]
    return left == [b"there"] * (call in SENDING)
