//! Registrations for notification (`mq_notify(3)`), and how the kernel reports their end.

mod checked_fd;
mod deferred_close;
mod dispatcher;
mod notification;
mod registrations;

pub(crate) use deferred_close::read_queue_file;
pub use notification::Notification;
pub use registrations::{Callback, Claim, Event};
