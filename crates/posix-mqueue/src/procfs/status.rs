//! Capabilities and blocked signals. Source: `proc(5)`, `/proc/pid/status`.

use std::fs;

/// Bits of `include/uapi/linux/capability.h`.
pub(crate) const CAP_SYS_PTRACE: u32 = 19;
pub(crate) const CAP_SYS_ADMIN: u32 = 21;

/// Whether the capability is effective. Not where `/proc` does not tell.
pub(crate) fn has_capability(bit: u32) -> bool {
    set_in("/proc/thread-self/status", "CapEff:").is_some_and(|set| set >> bit & 1 == 1)
}

/// The signals that a thread of this process blocks: bit 0 is signal 1.
pub(crate) fn blocked_signals(thread: i32) -> Option<u64> {
    set_in(&format!("/proc/thread-self/../{thread}/status"), "SigBlk:")
}

fn set_in(status: &str, key: &str) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let set = status.lines().find_map(|line| line.strip_prefix(key))?;
    u64::from_str_radix(set.trim(), 16).ok()
}
