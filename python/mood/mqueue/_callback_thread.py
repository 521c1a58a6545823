"""What runs in the thread that a notification callback gets."""


def run_callback(pending, queue):
    # Taken here, in the callback's own thread: what notify() or close() has cancelled by now does
    # not run, and the callback is out of its slot, so that it may register again. An attribute and
    # no method, since after a call, and not after this, the interpreter may let another thread run
    # that cancels: then the callback would begin though cancelling has returned.
    callback = pending.callback
    if callback is not None:
        callback(queue)
