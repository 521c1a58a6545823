//! Standard output. Every write is flushed and checked.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;

/// Whether standard output is a terminal.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether to use color: on a terminal, unless NO_COLOR is set and not empty (no-color.org).
pub(crate) fn is_color_enabled() -> bool {
    is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Writes and flushes, so that an error is seen here.
pub(crate) fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Writes one JSON value on a line of its own.
pub(crate) fn write_json(value: &Value) -> io::Result<()> {
    let mut line = value.to_string();
    line.push('\n');
    write(line.as_bytes())
}
