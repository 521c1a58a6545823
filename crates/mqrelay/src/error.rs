//! The error type: a message for the operator.

use std::fmt;

/// The result type of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error message, from general to specific: the route, the object, the reason.
///
/// ```
/// let error = mqrelay::Error::new("no such queue").context("route out.jobs");
/// assert_eq!(error.to_string(), "route out.jobs: no such queue");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// Creates an error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Prepends what the error is about.
    #[must_use]
    pub fn context(self, about: impl fmt::Display) -> Self {
        Self(format!("{about}: {}", self.0))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// Converts any error to an [`Error`] with context. There is no `From`, so none can be omitted.
pub(crate) trait ResultExt<T> {
    fn context(self, about: impl fmt::Display) -> Result<T>;
}

impl<T, E: fmt::Display> ResultExt<T> for std::result::Result<T, E> {
    fn context(self, about: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Error(format!("{about}: {error}")))
    }
}

/// Returns an error's message with those of its sources, which `Display` often omits.
pub(crate) fn error_chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let cause = inner.to_string();
        if !message.contains(&cause) {
            message = format!("{message}: {cause}");
        }
        source = inner.source();
    }
    message
}
