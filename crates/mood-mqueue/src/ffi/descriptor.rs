//! A descriptor that Python gives as a number.

use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd, RawFd};

/// Gives a descriptor of the caller's to `take`, which hands it back with the error if it refuses
/// it: then the descriptor stays open, and the caller's. None for a negative number.
pub(crate) fn try_adopt<T, E>(
    number: RawFd,
    take: impl FnOnce(OwnedFd) -> Result<T, (E, OwnedFd)>,
) -> Option<Result<T, E>> {
    if number < 0 {
        return None;
    }
    // SAFETY: the number is not -1, which an OwnedFd never is. Python code that calls this gives
    // the descriptor away, as with `os.fdopen`, so no other owner in this process closes it. `take`
    // only reads what the number stands for, be it nothing, before it keeps or returns it.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    let taken = take(fd);
    Some(taken.map_err(|(error, fd)| {
        let _ = fd.into_raw_fd();
        error
    }))
}
