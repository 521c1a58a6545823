//! Descriptors that the library keeps for a long time without the program knowing of them.
//!
//! A program can close them by accident, as a loop over all descriptor numbers does. It then opens
//! other files that get the same numbers. Reading from such a number would steal the program's
//! data, and closing it would close the program's file.

use std::mem;
use std::os::fd::AsFd;

use crate::identity::Identity;

/// A descriptor that is used and closed only while it is still open on the same file.
///
/// Nothing protects the few instructions between the check and the system call that follows it.
#[derive(Debug)]
pub(crate) struct CheckedFd<T: AsFd> {
    /// None only while this is dropped.
    file: Option<T>,
    identity: Identity,
}

impl<T: AsFd> CheckedFd<T> {
    /// With an identity that is not the file's, the descriptor is neither used nor closed.
    pub(crate) fn new(file: T, identity: Identity) -> Self {
        Self { file: Some(file), identity }
    }

    pub(crate) fn is_of(&self, file: Identity) -> bool {
        self.identity == file
    }

    /// The descriptor, or None once the program has closed it. Call this before each use.
    pub(crate) fn get(&self) -> Option<&T> {
        let file = self.file.as_ref()?;
        let identity = Identity::of(file.as_fd()).ok()?;
        self.is_of(identity).then_some(file)
    }
}

impl<T: AsFd> Drop for CheckedFd<T> {
    fn drop(&mut self) {
        if self.get().is_none() {
            mem::forget(self.file.take());
        }
    }
}
