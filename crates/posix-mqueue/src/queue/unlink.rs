//! Unlinking a queue by its name.

use std::ffi::OsStr;

use crate::error::{Error, Result};
use crate::name::QueueName;
use crate::{permission, sys};

/// `mq_unlink(3)`: removes a queue's name. The queue goes when its last user closes it.
///
/// ```
/// use posix_mqueue::{OpenOptions, unlink};
///
/// let options = OpenOptions::new().write(true).capacity(1).message_size(8).clone();
/// let queue = options.create_unique("/posix-mqueue-doc-")?;
/// unlink(queue.name().unwrap())?;
/// # Ok::<(), posix_mqueue::Error>(())
/// ```
///
/// # Errors
///
/// `ENOENT`: no queue has this name. `EACCES`: this process is neither the owner nor privileged.
/// Also those of [`QueueName::new`].
pub fn unlink(name: impl AsRef<OsStr>) -> Result<()> {
    unlink_name(&QueueName::new(name).map_err(|e| e.with_call("mq_unlink"))?)
}

pub(super) fn unlink_name(name: &QueueName) -> Result<()> {
    sys::mq_unlink(name.as_c_str()).map_err(|e| {
        let error = Error::new("mq_unlink", &e).with_name(name.as_os_str());
        permission::explain_unlink(error, name)
    })
}
