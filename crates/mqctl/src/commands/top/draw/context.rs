//! The data that a frame is drawn from.

use super::super::history::History;
use super::super::holders::HolderReport;
use super::super::user_names::UserNames;
use super::super::view::View;
use super::theme::Theme;

/// Everything that is shown.
#[derive(Debug)]
pub(crate) struct DrawContext<'a> {
    pub(crate) history: &'a History,
    pub(crate) view: &'a View,
    pub(crate) user_names: &'a UserNames,
    pub(crate) holders: Option<&'a HolderReport>,
    /// Why the last sample failed.
    pub(crate) error: Option<&'a str>,
    pub(crate) theme: Theme,
}
