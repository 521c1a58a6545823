//! The usage of the limits, summed over all visible queues.

use std::collections::BTreeMap;

use posix_mqueue::{Entry, charge};
use serde_json::{Value, json};

use crate::values::owner;

/// The usage in this IPC namespace.
#[derive(Debug)]
pub(super) struct Usage {
    pub(super) queues: usize,
    /// By user id; always includes this process's user.
    pub(super) users: Vec<UserUsage>,
}

/// The queues of one owner, who is most likely the user that created them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UserUsage {
    pub(super) uid: u32,
    pub(super) queues: usize,
    pub(super) charge: u64,
    /// The number of queues whose sizes this process may not read.
    pub(super) unreadable: usize,
}

impl Usage {
    pub(super) fn from_entries(entries: &[Entry]) -> Self {
        let sizes = entries.iter().map(|entry| {
            let sizes = entry.details.map(|details| details.attributes);
            (entry.uid, sizes.map(|sizes| charge(sizes.capacity, sizes.message_size)))
        });
        Self { queues: entries.len(), users: sum_by_user(sizes, own_uid()) }
    }

    /// Returns the usage of the user against whose limit this process creates queues.
    pub(super) fn current_user(&self) -> UserUsage {
        let uid = own_uid();
        self.users.iter().find(|user| user.uid == uid).copied().unwrap_or(UserUsage::new(uid))
    }
}

impl UserUsage {
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

/// The kernel charges the real user, not the effective one.
fn own_uid() -> u32 {
    nix::unistd::getuid().as_raw()
}

fn sum_by_user(queues: impl Iterator<Item = (u32, Option<u64>)>, own: u32) -> Vec<UserUsage> {
    let mut users = BTreeMap::from([(own, UserUsage::new(own))]);
    for (uid, charge) in queues {
        let user = users.entry(uid).or_insert(UserUsage::new(uid));
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
    use super::{UserUsage, sum_by_user};

    #[test]
    fn usage_is_summed_by_owner_including_own() {
        let queues = [(7, Some(100)), (7, None), (7, Some(4)), (9, None)];
        assert_eq!(
            sum_by_user(queues.into_iter(), 8),
            [
                UserUsage { uid: 7, queues: 3, charge: 104, unreadable: 1 },
                UserUsage { uid: 8, queues: 0, charge: 0, unreadable: 0 },
                UserUsage { uid: 9, queues: 1, charge: 0, unreadable: 1 },
            ]
        );
    }
}
