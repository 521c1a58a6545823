//! Short forms of numbers, times and registrations.

use std::time::{Duration, SystemTime};

use posix_mqueue::NotifyMethod;

use super::sample::{Contents, RegisteredProcess};

/// Formats messages per second with about three digits.
pub(super) fn rate(rate: f64) -> String {
    if rate >= 99_950.0 {
        format!("{:.0}k", rate / 1e3)
    } else if rate >= 9_999.5 {
        format!("{:.1}k", rate / 1e3)
    } else if rate >= 9.95 || (rate - rate.round()).abs() < 0.05 {
        format!("{rate:.0}")
    } else {
        format!("{rate:.1}")
    }
}

/// Formats an age in its largest unit. Queue times are whole seconds.
pub(super) fn ago(now: SystemTime, then: SystemTime) -> String {
    let seconds = now.duration_since(then).unwrap_or_default().as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

pub(super) fn interval(interval: Duration) -> String {
    if interval.subsec_millis() == 0 {
        format!("{} s", interval.as_secs())
    } else {
        format!("{} ms", interval.as_millis())
    }
}

/// Formats how a process is notified, and its process id.
pub(super) fn registration(registered: RegisteredProcess) -> String {
    let how = match registered.delivery {
        NotifyMethod::Silent => "silent".to_owned(),
        NotifyMethod::Signal { number } => format!("sig{number}"),
        NotifyMethod::Thread => "thread".to_owned(),
        _ => "?".to_owned(),
    };
    match registered.pid {
        Some(pid) => format!("{how} {pid}"),
        None => format!("{how} ?"),
    }
}

/// Formats a registration; `?` if unreadable, `-` if there is none.
pub(super) fn notification(contents: Option<Contents>) -> String {
    contents.map_or_else(
        || "?".to_owned(),
        |contents| contents.registered.map_or_else(|| "-".to_owned(), registration),
    )
}

/// Formats bytes in powers of 1024.
#[expect(clippy::cast_precision_loss)]
pub(super) fn bytes(bytes: u64) -> String {
    let mut n = bytes as f64;
    if bytes < 10_000 {
        return bytes.to_string();
    }
    for unit in ['K', 'M'] {
        n /= 1024.0;
        if n < 1024.0 {
            return format!("{n:.1}{unit}");
        }
    }
    format!("{:.1}G", n / 1024.0)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use posix_mqueue::NotifyMethod;

    use super::{ago, bytes, interval, rate, registration};
    use crate::commands::top::sample::RegisteredProcess;

    #[test]
    fn numbers_stay_short() {
        for (n, expected) in [
            (0.0, "0"),
            (0.26, "0.3"),
            (4.98, "5"),
            (9.94, "9.9"),
            (9.96, "10"),
            (9_999.4, "9999"),
            (12_345.0, "12.3k"),
            (99_960.0, "100k"),
            (655_360.0, "655k"),
        ] {
            assert_eq!(rate(n), expected);
        }
        for (n, expected) in
            [(0, "0"), (9_999, "9999"), (10_240, "10.0K"), (5 << 20, "5.0M"), (3 << 30, "3.0G")]
        {
            assert_eq!(bytes(n), expected);
        }
    }

    #[test]
    fn times_have_one_unit_and_never_negative() {
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        for (seconds, expected) in
            [(0, "0s"), (59, "59s"), (60, "1m"), (7_300, "2h"), (90_000, "1d")]
        {
            assert_eq!(ago(then + Duration::from_secs(seconds), then), expected);
        }
        assert_eq!(ago(SystemTime::UNIX_EPOCH, then), "0s");
        assert_eq!(interval(Duration::from_millis(1_500)), "1500 ms");
        assert_eq!(interval(Duration::from_secs(2)), "2 s");
    }

    #[test]
    fn every_registration_kind_has_a_label() {
        for (delivery, pid, expected) in [
            (NotifyMethod::Signal { number: 10 }, Some(42), "sig10 42"),
            (NotifyMethod::Thread, Some(42), "thread 42"),
            (NotifyMethod::Silent, None, "silent ?"),
        ] {
            assert_eq!(registration(RegisteredProcess { delivery, pid }), expected);
        }
    }
}
