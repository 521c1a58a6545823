//! What is done at random: mostly what can be done, sometimes what cannot.

use std::time::{Duration, Instant, SystemTime};

use posix_mqueue::{Deadline, PRIORITY_MAX};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::plain::Options;

/// How a message is sent or received.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Attempt,
    Try,
    Deadline(fn() -> Deadline),
    /// The call that would wait as long as it takes, where that is not at all.
    Plain,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Open { options: Options, owned: bool },
    Drop,
    Send { way: Way, message: Vec<u8>, priority: u32 },
    Receive { way: Way, less: usize, more: usize },
    SetNonblocking(bool),
    Notify { silent: bool },
    NotifyBySignalThatIsNone(i32),
    Cancel,
    Claim(Index),
    SetOwner(bool),
    Release,
    Unlink,
    UnlinkName,
}

fn way() -> impl Strategy<Value = Way> {
    let deadlines: Vec<fn() -> Deadline> = vec![
        || Deadline::from(Duration::ZERO),
        || Deadline::from(Duration::from_micros(50)),
        || Deadline::from(Instant::now()),
        || Deadline::from(SystemTime::now()),
        || Deadline::from(SystemTime::UNIX_EPOCH - Duration::from_secs(1)),
    ];
    prop_oneof![
        Just(Way::Attempt),
        Just(Way::Try),
        select(deadlines).prop_map(Way::Deadline),
        Just(Way::Plain),
    ]
}

fn options() -> impl Strategy<Value = Options> {
    let access = select(
        [(true, true), (true, true), (true, false), (false, true), (false, false)].as_slice(),
    );
    let creating = select([(true, false), (true, true), (false, false), (false, true)].as_slice());
    let mode = prop_oneof![9 => Just(0o600), 1 => Just(0o20_000)];
    (access, creating, any::<bool>(), mode, 0..5_usize, 0..6_usize).prop_map(
        |((read, write), (create, exclusive), nonblocking, mode, capacity, message_size)| Options {
            read,
            write,
            create,
            exclusive,
            nonblocking,
            mode,
            capacity,
            message_size,
        },
    )
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    // Few, so that messages of one priority meet.
    let priority = select([0, 0, 1, 1, 2, PRIORITY_MAX, PRIORITY_MAX + 1, u32::MAX].as_slice());
    prop_oneof![
        3 => (options(), any::<bool>()).prop_map(|(options, owned)| Step::Open { options, owned }),
        1 => Just(Step::Drop),
        8 => (way(), vec(any::<u8>(), 0..7), priority)
            .prop_map(|(way, message, priority)| Step::Send { way, message, priority }),
        6 => (way(), select([0, 0, 0, 0, 1].as_slice()), 0..3_usize)
            .prop_map(|(way, less, more)| Step::Receive { way, less, more }),
        1 => any::<bool>().prop_map(Step::SetNonblocking),
        4 => prop::bool::weighted(0.2).prop_map(|silent| Step::Notify { silent }),
        1 => select([-1, 65, i32::MAX].as_slice()).prop_map(Step::NotifyBySignalThatIsNone),
        1 => Just(Step::Cancel),
        1 => any::<Index>().prop_map(Step::Claim),
        1 => any::<bool>().prop_map(Step::SetOwner),
        1 => Just(Step::Release),
        1 => Just(Step::Unlink),
        1 => Just(Step::UnlinkName),
    ]
}
