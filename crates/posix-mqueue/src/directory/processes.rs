//! The descriptors of every process that `/proc` shows. Source: `proc(5)`, `/proc/pid/fd`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::procfs::{self, CAP_SYS_PTRACE};
use crate::sys;

/// Whether the processes of other users may be missing from `/proc`.
pub(crate) fn hides_processes() -> Result<bool> {
    let mounts = procfs::mounts()?;
    // The last is the uppermost.
    let proc = mounts.iter().rfind(|mount| mount.point == Path::new("/proc"));
    let options = proc.map_or(&[][..], |mount| &mount.options);
    // In words since Linux 5.8. The lesser way, 1, hides what they do and not that they are there.
    let hides = options.split(|byte| *byte == b',').any(|option| {
        let how = option.strip_prefix(b"hidepid=");
        how.is_some_and(|how| matches!(how, b"2" | b"4" | b"invisible" | b"ptraceable"))
    });
    Ok(hides && !procfs::has_capability(CAP_SYS_PTRACE))
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
    use std::fs;
    use std::io;
    use std::process::Command;

    use super::has_descriptors;

    #[test]
    fn kernel_threads_have_no_descriptors() {
        assert!(has_descriptors(std::process::id()));
        // Not in a pid namespace of its own.
        if fs::read_to_string("/proc/2/comm").is_ok_and(|name| name == "kthreadd\n") {
            assert!(!has_descriptors(2));
        }
    }

    #[test]
    fn zombie_has_no_descriptors() -> io::Result<()> {
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
