//! The one error type: a sentence for whoever runs the relay.

use std::fmt;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, from the outside in: the route, the thing, the reason.
///
/// ```
/// let error = mqrelay::Error::new("no such queue").context("route out.jobs");
/// assert_eq!(error.to_string(), "route out.jobs: no such queue");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// An error of these words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// Says where it happened.
    #[must_use]
    pub fn context(self, location: impl fmt::Display) -> Self {
        Self(format!("{location}: {}", self.0))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// Makes an [`Error`] of any other one, which must not be passed on without its place.
pub(crate) trait ResultExt<T> {
    fn context(self, location: impl fmt::Display) -> Result<T>;
}

impl<T, E: fmt::Display> ResultExt<T> for std::result::Result<T, E> {
    fn context(self, location: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Error(format!("{location}: {error}")))
    }
}

/// An error with what is behind it, which its own words often abort out.
pub(crate) fn error_chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let more = inner.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        source = inner.source();
    }
    words
}
