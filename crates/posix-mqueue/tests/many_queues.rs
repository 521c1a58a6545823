//! Two hundred queues at once, in an IPC namespace of their own: other tests need their share of
//! fs.mqueue.queues_max, which is 256 unless raised.

#![allow(clippy::unwrap_used)]

mod fixture;

use fixture::{TEST_TIMEOUT, UniqueName, child, claim, creating, dispatchers, notified};

fn succeeds_in_own_namespace(test: &str) -> Option<bool> {
    child::succeeds(&["unshare", "--ipc"], test)
        .or_else(|| child::succeeds(&["unshare", "--map-root-user", "--ipc"], test))
}

#[test]
fn two_hundred_queues_tell_of_their_messages() {
    if !child::is_this() {
        let succeeds = succeeds_in_own_namespace("two_hundred_queues_tell_of_their_messages");
        return assert_ne!(succeeds, Some(false));
    }
    let made: Vec<_> = (0..200)
        .map_while(|_| {
            let name = UniqueName::new();
            let queue = creating().capacity(1).message_size(8).open(&name);
            // Where limits refuse, with as many queues as they grant.
            queue.inspect_err(|error| assert!(error.is_limit(), "{error}")).ok().map(|q| (name, q))
        })
        .collect();
    let told: Vec<_> = made.iter().map(|(_, queue)| notified(queue).unwrap()).collect();
    // One thread serves 128.
    assert!(dispatchers() <= 2);
    for (_, queue) in &made {
        queue.send(b"x", 0).unwrap();
    }
    for told in told {
        assert!(claim(told.recv_timeout(TEST_TIMEOUT).unwrap()));
    }
}
