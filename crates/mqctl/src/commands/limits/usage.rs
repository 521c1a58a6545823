//! What the queues that are to be seen add up to.

use std::collections::BTreeMap;

use posix_mqueue::{Entry, charge};
use serde_json::{Value, json};

use crate::values::owner;

/// All queues of the namespace.
#[derive(Debug)]
pub(super) struct Usage {
    pub(super) queues: usize,
    /// By user id; this process's user is always there.
    pub(super) users: Vec<User>,
}

/// The queues of one owner, who is most likely the one that was charged for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) queues: usize,
    pub(super) charge: u64,
    /// How many of them have sizes that this process may not read.
    pub(super) unreadable: usize,
}

impl Usage {
    pub(super) fn of(entries: &[Entry]) -> Self {
        let sizes = entries.iter().map(|entry| {
            let sizes = entry.details.map(|details| details.attributes);
            (entry.uid, sizes.map(|sizes| charge(sizes.capacity, sizes.message_size)))
        });
        Self { queues: entries.len(), users: added(sizes, own_uid()) }
    }

    /// Those of the user who is charged for what this process creates.
    pub(super) fn own(&self) -> User {
        let uid = own_uid();
        self.users.iter().find(|user| user.uid == uid).copied().unwrap_or(User::new(uid))
    }
}

impl User {
    const fn new(uid: u32) -> Self {
        Self { uid, queues: 0, charge: 0, unreadable: 0 }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "uid": self.uid,
            "user": owner::user_name(self.uid),
            "queues": self.queues,
            "charge": self.charge,
            "unreadable": self.unreadable,
        })
    }
}

/// The kernel charges the real user.
fn own_uid() -> u32 {
    nix::unistd::getuid().as_raw()
}

fn added(queues: impl Iterator<Item = (u32, Option<u64>)>, own: u32) -> Vec<User> {
    let mut users = BTreeMap::from([(own, User::new(own))]);
    for (uid, charge) in queues {
        let user = users.entry(uid).or_insert(User::new(uid));
        user.queues += 1;
        match charge {
            Some(charge) => user.charge = user.charge.saturating_add(charge),
            None => user.unreadable += 1,
        }
    }
    users.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::{User, added};

    #[test]
    fn queues_add_up_by_owner_and_ones_own_line_is_always_there() {
        let queues = [(7, Some(100)), (7, None), (7, Some(4)), (9, None)];
        assert_eq!(
            added(queues.into_iter(), 8),
            [
                User { uid: 7, queues: 3, charge: 104, unreadable: 1 },
                User { uid: 8, queues: 0, charge: 0, unreadable: 0 },
                User { uid: 9, queues: 1, charge: 0, unreadable: 1 },
            ]
        );
    }
}
