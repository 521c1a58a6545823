//! Listen addresses, as users type them. The short form listens on loopback only.

use std::fmt;

/// A host name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// Returns the pair that the standard library resolves.
    pub(super) fn host_and_port(&self) -> (&str, u16) {
        (&self.host, self.port)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Parses `9123`, `0.0.0.0:9123`, `[::1]:9123` or `localhost:9123`.
pub(super) fn parse(typed: &str) -> Result<Address, String> {
    let (host, port) = typed.rsplit_once(':').unwrap_or(("127.0.0.1", typed));
    let port = port.parse().map_err(|_| EXPECTED.to_owned())?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match bare.unwrap_or(host) {
        "" => Err(format!(
            "for loopback only, leave out the colon ({port}); for all interfaces, use \
             0.0.0.0:{port}"
        )),
        // Without brackets, the port of an IPv6 address is ambiguous.
        host if host.contains(':') && bare.is_none() => Err(EXPECTED.to_owned()),
        host => Ok(Address { host: host.to_owned(), port }),
    }
}

const EXPECTED: &str = "an address is PORT or HOST:PORT: 9123, 0.0.0.0:9123, [::1]:9123";

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn bare_port_means_loopback_only() {
        for (typed, meant) in [
            ("9123", "127.0.0.1:9123"),
            ("0", "127.0.0.1:0"),
            ("0.0.0.0:9123", "0.0.0.0:9123"),
            ("localhost:9123", "localhost:9123"),
            ("[::1]:9123", "[::1]:9123"),
        ] {
            assert_eq!(parse(typed).map(|address| address.to_string()), Ok(meant.to_owned()));
        }
    }

    #[test]
    fn invalid_addresses_are_rejected() {
        for typed in ["", ":9123", "[]:9123", "::1", "::1:9123", "host", "host:", "65536", "-1"] {
            assert!(parse(typed).is_err(), "{typed}");
        }
    }
}
