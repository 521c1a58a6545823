//! What a queue is charged against `RLIMIT_MSGQUEUE`, and which queues a number of bytes has room for.

/// What the kernel charges besides the payload: two structures a message on 64-bit machines,
/// `msg_msg` and `posix_msg_tree_node`, the second for at most `MQ_PRIO_MAX` messages.
const STRUCTURE: u64 = 48;
const TREE_NODES: u64 = 32_768;

/// The bytes that `RLIMIT_MSGQUEUE` is charged for a queue of these sizes, whole, when it is
/// created, until it is unlinked and closed everywhere. Source: `getrlimit(2)`.
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

/// Says what a queue is charged that was refused under this limit, and which ones it has room for.
///
/// How much of it is left the kernel tells nobody: only that it is less than this queue's charge.
pub(crate) fn refused(max: u64, capacity: usize, message_size: usize) -> String {
    // Zero cannot come here but by a race over another limit, and would divide.
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

/// Smaller sizes, by what counts most.
fn an_eighth(capacity: u64, message_size: u64) -> (u64, u64) {
    if message_size >= 512 {
        (capacity, message_size / 8)
    } else {
        (capacity.div_ceil(8), message_size)
    }
}

/// The largest queues that an unused limit has room for: with one of these sizes, or else with a
/// single message.
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
