//! The bytes that a queue counts against `RLIMIT_MSGQUEUE`, and the queues that fit into a limit.

/// The kernel charges two structures for each message besides the payload, on 64-bit machines:
/// `msg_msg` and `posix_msg_tree_node`, the second for at most `MQ_PRIO_MAX` messages.
const STRUCTURE: u64 = 48;
const TREE_NODES: u64 = 32_768;

/// Returns the bytes that a queue of these sizes counts against `RLIMIT_MSGQUEUE`. The kernel charges
/// all of them on creation, until the queue is unlinked and closed everywhere. Source:
/// `getrlimit(2)`.
///
/// ```
/// assert_eq!(posix_mqueue::charge(10, 8192), 82_880);
/// ```
#[must_use]
pub fn charge(capacity: usize, message_size: usize) -> u64 {
    bytes(capacity as u64, message_size as u64)
}

fn bytes(capacity: u64, message_size: u64) -> u64 {
    let structures = capacity.saturating_add(capacity.min(TREE_NODES)).saturating_mul(STRUCTURE);
    capacity.saturating_mul(message_size).saturating_add(structures)
}

/// Explains the charge of a queue that exceeded this limit, and names queues that fit into the limit.
///
/// The kernel does not report how much of the limit is left, only that this queue's charge exceeds
/// it.
pub(crate) fn refused(max: u64, capacity: usize, message_size: usize) -> String {
    // Zero comes here only by a race over another limit, and would be a divisor.
    let (capacity, message_size) = (capacity.max(1) as u64, message_size.max(1) as u64);
    let needed = bytes(capacity, message_size);
    let room = if needed <= max {
        let (less, fewer) = an_eighth(capacity, message_size);
        format!(
            "which is room for {} such queues, or for {} of {}",
            max / needed,
            max / bytes(less, fewer),
            sizes_in_words(less, fewer),
        )
    } else {
        match largest(max, capacity, message_size).as_slice() {
            [] => "which is room for none".to_owned(),
            queues => format!("which is room for {} at most", queues.join(" or ")),
        }
    };
    format!(
        "a queue of {} is charged {needed} bytes, and this user has less left of {max}, {room}",
        sizes_in_words(capacity, message_size),
    )
}

fn sizes_in_words(capacity: u64, message_size: u64) -> String {
    format!("maxmsg={capacity}, msgsize={message_size}")
}

/// Smaller sizes: an eighth of the one that counts most.
fn an_eighth(capacity: u64, message_size: u64) -> (u64, u64) {
    if message_size >= 512 {
        (capacity, message_size / 8)
    } else {
        (capacity.div_ceil(8), message_size)
    }
}

/// The largest queues that fit into an unused limit: with one of these sizes, or with a single
/// message.
fn largest(max: u64, capacity: u64, message_size: u64) -> Vec<String> {
    let shorter = max.saturating_sub(bytes(capacity, 0)) / capacity;
    let mut fewer = max / bytes(1, message_size);
    if fewer > TREE_NODES {
        fewer = (max - TREE_NODES * STRUCTURE) / (message_size + STRUCTURE);
    }
    let single = if fewer == 0 && shorter == 0 { max.saturating_sub(bytes(1, 0)) } else { 0 };
    [(fewer, message_size), (capacity, shorter), (1, single)]
        .into_iter()
        .filter(|(capacity, size)| *capacity > 0 && *size > 0)
        .map(|(capacity, size)| sizes_in_words(capacity, size))
        .collect()
}
