//! What a frame is drawn from.

use super::super::history::History;
use super::super::holders::Found;
use super::super::user_names::Users;
use super::super::view::View;
use super::theme::Paint;

/// All that is shown.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) history: &'a History,
    pub(crate) view: &'a View,
    pub(crate) users: &'a Users,
    pub(crate) holders: Option<&'a Found>,
    /// Why the queues could not be looked at this time.
    pub(crate) trouble: Option<&'a str>,
    pub(crate) paint: Paint,
}
