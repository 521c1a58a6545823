//! What `/proc` says: the mounts and the capabilities of the calling thread, and the descriptors
//! of every process.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::{limits, sys};

/// Bits of `include/uapi/linux/capability.h`.
const CAP_SYS_PTRACE: u32 = 19;
pub(crate) const CAP_SYS_ADMIN: u32 = 21;

/// A line of `mountinfo`. Source: `proc(5)`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    pub(crate) device: u64,
    /// Whether the root of the file system is what is mounted, not a file or directory in it.
    pub(crate) whole: bool,
    pub(crate) point: PathBuf,
    pub(crate) kind: Vec<u8>,
    /// Of the file system, not of this mount.
    pub(crate) options: Vec<u8>,
}

/// Lower ones first, where several are mounted on one point.
pub(crate) fn mounts() -> Result<Vec<Mount>> {
    let path = "/proc/thread-self/mountinfo";
    let text = fs::read(path).map_err(|e| {
        let error = limits::explain_open(Error::new("open", &e));
        if error.is_limit() {
            return error;
        }
        error.explained(format!("what is mounted is read from {path}"))
    })?;
    Ok(text.split(|byte| *byte == b'\n').filter_map(mount).collect())
}

/// `36 35 98:0 /root /point rw,noatime master:1 - type source rw,errors=continue`, with any number
/// of fields before the dash.
fn mount(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let device = fields.nth(2).and_then(device)?;
    let whole = fields.next()? == b"/";
    let point = PathBuf::from(OsString::from_vec(unescaped(fields.next()?)));
    fields.find(|field| *field == b"-")?;
    let kind = fields.next()?.to_vec();
    let options = fields.nth(1)?.to_vec();
    Some(Mount { device, whole, point, kind, options })
}

fn device(field: &[u8]) -> Option<u64> {
    let (major, minor) = str::from_utf8(field).ok()?.split_once(':')?;
    Some(libc::makedev(major.parse().ok()?, minor.parse().ok()?))
}

/// A space, tab, newline or backslash is written as a backslash and three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let escaped = match rest {
            [b'\\', digits @ ..] => digits.first_chunk::<3>().and_then(|digits| octal(*digits)),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[3..] } else { after };
    }
    bytes
}

fn octal(digits: [u8; 3]) -> Option<u8> {
    u8::from_str_radix(str::from_utf8(&digits).ok()?, 8).ok()
}

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

/// Whether the processes of other users may be missing from `/proc`.
pub(crate) fn hides_processes() -> Result<bool> {
    let mounts = mounts()?;
    // The last is the uppermost.
    let proc = mounts.iter().rfind(|mount| mount.point == Path::new("/proc"));
    let options = proc.map_or(&[][..], |mount| &mount.options);
    // In words since Linux 5.8. The lesser way, 1, hides what they do and not that they are there.
    let hides = options.split(|byte| *byte == b',').any(|option| {
        let how = option.strip_prefix(b"hidepid=");
        how.is_some_and(|how| matches!(how, b"2" | b"4" | b"invisible" | b"ptraceable"))
    });
    Ok(hides && !has_capability(CAP_SYS_PTRACE))
}

/// The links that stand for the descriptors of a process.
pub(crate) fn descriptors(pid: u32) -> io::Result<Vec<PathBuf>> {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let links = links_in(&process.join("fd"))?;
    if !links.is_empty() {
        return Ok(links);
    }
    // Its first thread may have ended, and then shows none: they are those of the others.
    for task in fs::read_dir(process.join("task"))? {
        match links_in(&task?.path().join("fd")) {
            Ok(links) if !links.is_empty() => return Ok(links),
            Ok(_) => {}
            Err(e) if matches!(e.raw_os_error(), Some(sys::ENOENT | sys::ESRCH)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(Vec::new())
}

fn links_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect()
}

/// Threads of the kernel have none, nor has a process that ended and was not waited for.
pub(crate) fn has_descriptors(pid: u32) -> bool {
    const PF_KTHREAD: u32 = 0x0020_0000;
    let process = PathBuf::from(format!("/proc/{pid}"));
    // The name of the program in it may be any bytes.
    let Ok(stat) = fs::read(process.join("stat")) else { return true };
    let stat = String::from_utf8_lossy(&stat);
    let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ended = matches!(fields.next(), Some("Z" | "X"));
    let flags = fields.nth(5).and_then(|flags| flags.parse().ok()).unwrap_or(0);
    // A process goes on after its first thread ended.
    let is_alone = || fs::read_dir(process.join("task")).is_ok_and(|tasks| tasks.count() <= 1);
    flags & PF_KTHREAD == 0 && !(ended && is_alone())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;
    use std::io;
    use std::os::unix::ffi::OsStringExt;
    use std::process::Command;

    use super::{Mount, has_descriptors, mount};

    #[test]
    fn a_line_is_read_whatever_optional_fields_it_has() {
        for optional in ["", "shared:7 ", "shared:7 master:1 "] {
            let line = format!("36 35 259:300 / /dev/mqueue rw {optional}- mqueue none rw,a=b");
            let expected = Mount {
                device: libc::makedev(259, 300),
                whole: true,
                point: "/dev/mqueue".into(),
                kind: b"mqueue".to_vec(),
                options: b"rw,a=b".to_vec(),
            };
            assert_eq!(mount(line.as_bytes()), Some(expected));
        }
    }

    #[test]
    fn escapes_are_decoded_and_other_bytes_kept() {
        for (field, point) in [
            (&br"/a\040b\011c\012\134040"[..], &b"/a b\tc\n\\040"[..]),
            (b"/\xff\xfe", b"/\xff\xfe"),
            (br"/x\04", br"/x\04"),
            (br"/x\999\", br"/x\999\"),
        ] {
            let line = [b"1 2 0:3 / ", field, b" rw - mqueue none rw"].concat();
            let point = OsString::from_vec(point.to_vec());
            assert_eq!(mount(&line).map(|mount| mount.point), Some(point.into()));
        }
    }

    #[test]
    fn a_single_mounted_file_is_not_the_whole() {
        let mount = mount(b"1 2 0:3 /jobs /mnt/jobs rw - mqueue none rw");
        assert_eq!(mount.map(|mount| mount.whole), Some(false));
    }

    #[test]
    fn a_line_that_ends_early_is_no_mount() {
        let line = b"1 2 0:3 / /mnt rw - mqueue none rw";
        for end in 0..line.len() - b" rw".len() {
            assert_eq!(mount(&line[..end]), None);
        }
    }
    #[test]
    fn threads_of_the_kernel_have_no_descriptors_and_processes_have() {
        assert!(has_descriptors(std::process::id()));
        // Not in a pid namespace of its own.
        if fs::read_to_string("/proc/2/comm").is_ok_and(|name| name == "kthreadd\n") {
            assert!(!has_descriptors(2));
        }
    }

    #[test]
    fn a_process_that_was_not_waited_for_has_no_descriptors() -> io::Result<()> {
        let mut child = Command::new("true").spawn()?;
        let pid = child.id();
        let stat = || fs::read_to_string(format!("/proc/{pid}/stat"));
        while !stat()?.contains(") Z ") {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert!(!has_descriptors(pid));
        child.wait()?;
        Ok(())
    }
}
