//! A cache of user names: looking one up may query a server.

use std::cell::RefCell;
use std::collections::BTreeMap;

#[derive(Debug)]
pub(super) struct UserNames {
    look_up: fn(u32) -> String,
    known: RefCell<BTreeMap<u32, String>>,
}

impl UserNames {
    pub(super) fn new(look_up: fn(u32) -> String) -> Self {
        Self { look_up, known: RefCell::default() }
    }

    pub(super) fn name(&self, uid: u32) -> String {
        self.known.borrow_mut().entry(uid).or_insert_with(|| (self.look_up)(uid)).clone()
    }
}
