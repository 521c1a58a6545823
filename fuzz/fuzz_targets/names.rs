//! Looks for a name that is accepted or refused against the rules, for one whose errno is not the
//! kernel's, and for a panic.

#![no_main]

use std::ffi::{CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;

use libfuzzer_sys::fuzz_target;
use posix_mqueue::QueueName;

fuzz_target!(|bytes: &[u8]| {
    let given = OsStr::from_bytes(bytes);
    match QueueName::new(given) {
        Ok(name) => {
            assert!(is_a_name(bytes));
            assert_eq!(name.as_os_str(), given);
        }
        Err(error) => {
            assert!(!is_a_name(bytes));
            assert_eq!(error.name(), Some(given));
            assert!(error.explanation().is_some_and(|why| error.to_string().ends_with(why)));
            if let Some(errno) = errno_of_the_kernel(bytes) {
                assert_eq!(error.raw_os_error(), errno);
            }
        }
    }
});

/// As `mq_overview(7)` has it: a slash, then 1 to 255 bytes, none of which are slashes. Nor can C
/// say NUL, and a directory has `.` and `..` already.
fn is_a_name(bytes: &[u8]) -> bool {
    (2..=256).contains(&bytes.len())
        && bytes.iter().position(|&byte| byte == b'/') == Some(0)
        && bytes.iter().filter(|&&byte| byte == b'/' || byte == 0).count() == 1
        && !matches!(bytes, b"/." | b"/..")
}

/// None for what it cannot be asked: it stops at a NUL, and reads no more than a path has.
fn errno_of_the_kernel(bytes: &[u8]) -> Option<i32> {
    let name = CString::new(bytes).ok().filter(|_| bytes.len() < libc::PATH_MAX as usize)?;
    // SAFETY: the name is NUL-terminated; without O_CREAT there are no further arguments.
    let opened = unsafe { libc::mq_open(name.as_ptr(), libc::O_RDONLY) };
    let errno = io::Error::last_os_error().raw_os_error();
    assert_eq!(opened, -1, "the kernel takes it");
    errno
}
