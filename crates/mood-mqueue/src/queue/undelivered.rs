//! Messages that were received and not returned.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::queue::receive_buffer::ReceiveBuffer;

/// Messages that were received, but could not be returned because there was no memory. The next
/// calls return them before any other message.
///
/// Saving a message allocates nothing: it stays in its receive buffer.
#[derive(Default)]
pub(crate) struct UndeliveredMessages {
    any: AtomicBool,
    first: Mutex<Option<Box<ReceiveBuffer>>>,
}

impl UndeliveredMessages {
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    /// Adds a message at the end, or at the front if it was taken from here.
    pub(crate) fn save(&self, mut message: Box<ReceiveBuffer>) {
        let mut slot = &mut *self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if message.was_undelivered {
            message.next = slot.take();
        }
        while let Some(held) = slot {
            slot = &mut held.next;
        }
        *slot = Some(message);
        self.any.store(true, Ordering::Release);
    }

    pub(crate) fn len(&self) -> usize {
        if self.is_empty() {
            return 0;
        }
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::successors(first.as_ref(), |held| held.next.as_ref()).count()
    }

    /// Removes the oldest message.
    pub(crate) fn take(&self) -> Option<Box<ReceiveBuffer>> {
        if self.is_empty() {
            return None;
        }
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let mut message = first.take()?;
        message.was_undelivered = true;
        *first = message.next.take();
        self.any.store(first.is_some(), Ordering::Release);
        Some(message)
    }
}
