//! What a relay counts, and how Prometheus reads it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use posix_mqueue::QueueName;

use crate::broker::Broker;
use crate::journal::Journal;

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// What it is now.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The numbers of one route.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Messages taken from the queue.
    pub(crate) taken: Counter,
    /// Their bytes.
    pub(crate) taken_bytes: Counter,
    /// Nanoseconds in which a message was neither in its queue nor in the journal.
    pub(crate) in_hand: Counter,
    /// Times the journal was made durable.
    pub(crate) syncs: Counter,
    /// Torn records found in the journal.
    pub(crate) torn: Counter,
    /// Messages acknowledged by the server.
    pub(crate) published: Counter,
    /// Those of them that it had already.
    pub(crate) duplicates: Counter,
    /// Messages sent to the queue.
    pub(crate) delivered: Counter,
    /// Messages that came again and were not sent again.
    pub(crate) suppressed: Counter,
    /// Messages that the queue can never take.
    pub(crate) dead: Counter,
    journal: Mutex<Weak<Journal>>,
    troubles: Mutex<BTreeMap<&'static str, String>>,
}

impl Counters {
    /// Has the numbers of a journal shown.
    pub(crate) fn watch(&self, journal: &Arc<Journal>) {
        *lock(&self.journal) = Arc::downgrade(journal);
    }

    fn journal(&self) -> Option<Arc<Journal>> {
        lock(&self.journal).upgrade()
    }

    pub(crate) fn took(&self, in_hand: Duration, length: usize) {
        self.taken.add(1);
        self.taken_bytes.add(length as u64);
        self.in_hand.add(u64::try_from(in_hand.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Says what keeps the route from working, or that nothing does.
    pub(crate) fn set_trouble(&self, what: &'static str, trouble: Option<String>) {
        let mut troubles = lock(&self.troubles);
        match trouble {
            Some(words) => drop(troubles.insert(what, words)),
            None => drop(troubles.remove(what)),
        }
    }

    pub(crate) fn set_missing(&self, queue: Option<&QueueName>) {
        self.set_trouble("queue", queue.map(|queue| format!("{queue:?}: no such queue")));
    }

    pub(crate) fn set_full(&self, is_full: bool) {
        self.set_trouble("journal size", is_full.then(|| "the journal is full".to_owned()));
    }

    /// How many messages its journal holds.
    pub(crate) fn pending(&self) -> u64 {
        self.journal().map_or(0, |journal| journal.pending())
    }

    /// What keeps the route from working.
    pub(crate) fn troubles(&self) -> Vec<String> {
        lock(&self.troubles).values().cloned().collect()
    }
}

/// The numbers of all routes.
#[derive(Debug)]
pub(crate) struct Metrics {
    broker: Broker,
    routes: Mutex<BTreeMap<(&'static str, String), Arc<Counters>>>,
}

/// One family of numbers: which routes have it, its name, kind and meaning, and where it is.
type Family = (Has, &'static str, &'static str, &'static str, fn(&Counters) -> u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Has {
    All,
    Only(&'static str),
}

const OUT: Has = Has::Only("out");
const IN: Has = Has::Only("in");

const FAMILIES: [Family; 13] = [
    (Has::All, "route_up", "gauge", "whether nothing keeps the route from working", |c| {
        u64::from(c.troubles().is_empty())
    }),
    (OUT, "taken_messages_total", "counter", "taken from the queue", |c| c.taken.get()),
    (OUT, "taken_bytes_total", "counter", "their bytes", |c| c.taken_bytes.get()),
    (
        OUT,
        "in_hand_nanoseconds_total",
        "counter",
        "time in which a message was neither in its queue nor in the journal",
        |c| c.in_hand.get(),
    ),
    (OUT, "syncs_total", "counter", "times the journal was made durable", |c| c.syncs.get()),
    (OUT, "torn_records_total", "counter", "torn records put aside", |c| c.torn.get()),
    (OUT, "published_messages_total", "counter", "acknowledged by the server", |c| {
        c.published.get()
    }),
    (OUT, "duplicate_messages_total", "counter", "that the server had already", |c| {
        c.duplicates.get()
    }),
    (OUT, "journal_messages", "gauge", "in the journal, not acknowledged", Counters::pending),
    (OUT, "journal_bytes", "gauge", "that the journal takes of the disk", |c| {
        c.journal().map_or(0, |journal| journal.size())
    }),
    (IN, "delivered_messages_total", "counter", "sent to the queue", |c| c.delivered.get()),
    (IN, "suppressed_messages_total", "counter", "that came again and were not sent again", |c| {
        c.suppressed.get()
    }),
    (IN, "dead_messages_total", "counter", "sent to the dead-letter subject", |c| c.dead.get()),
];

impl Metrics {
    /// None yet.
    pub(crate) fn new(broker: Broker) -> Self {
        Self { broker, routes: Mutex::default() }
    }

    /// The numbers of a route, which go on where it is started again.
    pub(crate) fn route(&self, direction: &'static str, name: &str) -> Arc<Counters> {
        let mut routes = lock(&self.routes);
        Arc::clone(routes.entry((direction, name.to_owned())).or_default())
    }

    pub(crate) fn forget(&self, direction: &'static str, name: &str) {
        lock(&self.routes).remove(&(direction, name.to_owned()));
    }

    /// All of them, in the text format of Prometheus.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let up = u64::from(self.broker.trouble().is_none());
        head(&mut text, "connected", "gauge", "whether there is a connection to the cluster");
        let _ = writeln!(text, "mqrelay_connected {up}");
        head(&mut text, "connections_total", "counter", "connections that were made");
        let _ = writeln!(text, "mqrelay_connections_total {}", self.broker.connections());
        let routes = lock(&self.routes);
        for (has, name, kind, meaning, value) in FAMILIES {
            head(&mut text, name, kind, meaning);
            for ((direction, route), counters) in routes.iter() {
                if has == Has::All || has == Has::Only(direction) {
                    let value = value(counters);
                    let labels = format!("direction=\"{direction}\",route=\"{route}\"");
                    let _ = writeln!(text, "mqrelay_{name}{{{labels}}} {value}");
                }
            }
        }
        text
    }

    /// What keeps anything from working; nothing if all is well.
    pub(crate) fn troubles(&self) -> Vec<String> {
        let broker = self.broker.trouble().map(|trouble| format!("broker: {trouble}"));
        let routes = lock(&self.routes);
        let of_routes = routes.iter().flat_map(|((direction, route), counters)| {
            let troubles = counters.troubles().into_iter();
            troubles.map(move |trouble| format!("{direction}.{route}: {trouble}"))
        });
        broker.into_iter().chain(of_routes).collect()
    }
}

fn head(text: &mut String, name: &str, kind: &str, meaning: &str) {
    let _ = writeln!(text, "# HELP mqrelay_{name} {meaning}\n# TYPE mqrelay_{name} {kind}");
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A number is as good after a panic as before.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
