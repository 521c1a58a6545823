//! The mounts that the calling thread sees. Source: `proc(5)`, `/proc/pid/mountinfo`.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::limits;

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
        error.with_explanation(format!("what is mounted is read from {path}"))
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

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::{Mount, mount};

    #[test]
    fn optional_fields_are_skipped() {
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
}
