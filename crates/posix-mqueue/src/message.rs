//! A message: its bytes and its priority.

/// The highest priority that a message can have; the lowest is 0.
///
/// `MQ_PRIO_MAX - 1` of the kernel (`include/uapi/linux/mqueue.h`), the same on every Linux.
/// Source: `mq_overview(7)`.
pub const PRIORITY_MAX: u32 = 32_767;

/// A received message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Message {
    /// The bytes, exactly as they were sent; there may be none.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde::bytes"))]
    pub data: Vec<u8>,
    /// Between 0 (low) and [`PRIORITY_MAX`] (high).
    pub priority: u32,
}

impl Message {
    /// Releases the room that the kernel needs for the longest message.
    pub(crate) fn trimmed(mut self) -> Self {
        self.data.shrink_to_fit();
        self
    }
}
