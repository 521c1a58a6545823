"""What runs in the thread that a notification callback gets."""


def deliver(delivery, queue):
    # Asked here, in the callback's own thread: what notify() or close() has cancelled by now does
    # not run, and the callback is out of its slot, so that it may register again.
    callback = delivery.take()
    if callback is not None:
        callback(queue)
