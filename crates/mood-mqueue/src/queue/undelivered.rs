//! Where a message stays that could not be handed over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::queue::receive_buffer::ReceiveBuffer;

/// Messages that were received and could not be handed over for want of memory: they come first.
///
/// Holding one allocates nothing: it stays in the receive buffer that it was received into.
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

    /// After those that are held, unless it has been held already: then it stays the first.
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

    /// The one that has waited longest.
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
