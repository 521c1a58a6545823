//! Publishes durable messages in order, and drops acknowledged ones from the journal.

use std::collections::BTreeSet;
use std::pin::Pin;

use async_nats::jetstream::context::{PublishAckFuture, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use futures_util::stream::{FuturesOrdered, StreamExt};
use tokio::sync::watch;
use tracing::{debug, warn};

use crate::backoff::Backoff;
use crate::broker::Session;
use crate::config::OutboundRoute;
use crate::error::{Error, Result, ResultExt, error_chain};
use crate::headers::Origin;
use crate::journal::{Cursor, Journal, Record};
use crate::route_context::RouteContext;

/// The limit on unacknowledged bytes. A single message may exceed it.
const MAX_BYTES_IN_FLIGHT: usize = 4 << 20;

/// Runs until the syncer has ended and the server has acknowledged every message.
pub(super) async fn run(
    route: &OutboundRoute,
    origin: &Origin,
    journal: &Journal,
    context: &RouteContext,
    mut durable: watch::Receiver<u64>,
) {
    let mut publisher =
        Publisher { route, origin, journal, context, already_stored: BTreeSet::new() };
    let mut backoff = Backoff::default();
    loop {
        let session = context.broker.session().await;
        let before = journal.cursor().sequence;
        let outcome = match context.provisioner.ensure_outbound(&session, route).await {
            Ok(()) => publisher.publish_session(&session, &mut durable).await,
            Err(error) => Err(error),
        };
        let Err(error) = outcome else {
            return;
        };
        warn!(%error, pending = journal.pending(), "cannot publish; retrying");
        context.counters.set_problem("publish", Some(error.to_string()));
        if journal.cursor().sequence > before {
            backoff = Backoff::default();
        }
        backoff.wait().await;
    }
}

struct Publisher<'a> {
    route: &'a OutboundRoute,
    origin: &'a Origin,
    journal: &'a Journal,
    context: &'a RouteContext,
    /// Messages after a rejected one that the server has stored. They are not published again.
    already_stored: BTreeSet<u64>,
}

/// Messages that are read from the journal or published, and not yet acknowledged.
struct InFlight {
    cursor: Cursor,
    /// Records that are not published yet.
    unpublished: std::vec::IntoIter<Record>,
    pending_acks: FuturesOrdered<Pin<Box<dyn Future<Output = PubAckOutcome> + Send>>>,
    bytes: usize,
    /// The limit on unacknowledged messages. It is 1 until the first one is acknowledged: if the
    /// server rejects that one, no later message has overtaken it.
    max_messages: usize,
}

/// The server's response to a published message.
struct PubAckOutcome {
    sequence: u64,
    length: usize,
    /// Whether the server had already stored the message; an error if it did not store it.
    is_duplicate: Result<bool>,
}

impl Publisher<'_> {
    /// Publishes over one connection until everything is acknowledged. After a failure, the next
    /// session starts with the first unacknowledged message and skips `already_stored`.
    async fn publish_session(
        &mut self,
        session: &Session,
        durable: &mut watch::Receiver<u64>,
    ) -> Result<()> {
        let (cursor, unpublished) = (self.journal.cursor(), Vec::new().into_iter());
        let mut in_flight = InFlight {
            cursor,
            unpublished,
            pending_acks: FuturesOrdered::new(),
            bytes: 0,
            max_messages: 1,
        };
        let published = async {
            let outcome = self.publish_all(session, &mut in_flight, durable).await;
            if outcome.is_err() {
                while let Some(outcome) = in_flight.pending_acks.next().await {
                    if outcome.is_duplicate.is_ok() {
                        self.already_stored.insert(outcome.sequence);
                    }
                }
            }
            outcome
        };
        tokio::select! {
            outcome = published => outcome,
            () = session.closed() => Err(Error::new("the connection was lost")),
        }
    }

    async fn publish_all(
        &mut self,
        session: &Session,
        in_flight: &mut InFlight,
        durable: &mut watch::Receiver<u64>,
    ) -> Result<()> {
        let mut is_final = false;
        loop {
            let up_to = *durable.borrow_and_update();
            self.fill_window(session, in_flight, up_to).await?;
            let is_caught_up =
                in_flight.cursor.sequence > up_to && in_flight.unpublished.as_slice().is_empty();
            if is_final && is_caught_up && in_flight.pending_acks.is_empty() {
                return Ok(());
            }
            tokio::select! {
                Some(outcome) = in_flight.pending_acks.next() => {
                    in_flight.bytes -= outcome.length;
                    self.acknowledge(outcome)?;
                    in_flight.max_messages = self.route.in_flight;
                }
                changed = durable.changed(), if !is_final && is_caught_up => is_final = changed.is_err(),
            }
        }
    }

    /// Publishes messages until a limit on messages in flight is reached.
    async fn fill_window(
        &self,
        session: &Session,
        in_flight: &mut InFlight,
        up_to: u64,
    ) -> Result<()> {
        while in_flight.pending_acks.len() < in_flight.max_messages
            && in_flight.bytes < MAX_BYTES_IN_FLIGHT
        {
            let Some(record) = in_flight.unpublished.next() else {
                let records =
                    self.journal.read(&mut in_flight.cursor, up_to).context("the journal")?;
                if records.is_empty() {
                    break;
                }
                in_flight.unpublished = records.into_iter();
                continue;
            };
            let (sequence, length) = (record.sequence, record.data.len());
            in_flight.bytes += length;
            if self.already_stored.contains(&sequence) {
                let outcome = PubAckOutcome { sequence, length, is_duplicate: Ok(false) };
                in_flight.pending_acks.push_back(Box::pin(std::future::ready(outcome)));
            } else {
                let ack = self.publish(session, record).await?;
                let outcome = await_pub_ack(ack, sequence, length, session.clone());
                in_flight.pending_acks.push_back(Box::pin(outcome));
            }
        }
        Ok(())
    }

    async fn publish(&self, session: &Session, record: Record) -> Result<PublishAckFuture> {
        let location = format!("message {}", record.sequence);
        let message = PublishMessage::build()
            .headers(self.origin.headers(&record))
            .expected_stream(&self.route.stream)
            .payload(record.data);
        let sent = session.jetstream.send_publish(self.route.subject.clone(), message).await;
        sent.map_err(|error| error_chain(&error)).context(location)
    }

    fn acknowledge(&mut self, outcome: PubAckOutcome) -> Result<()> {
        let PubAckOutcome { sequence, is_duplicate, .. } = outcome;
        let counters = &self.context.counters;
        if is_duplicate? {
            debug!(sequence, "the server had already stored this message");
            counters.duplicates.add(1);
        }
        counters.published.add(1);
        counters.set_problem("publish", None);
        self.journal.acknowledge(sequence).context("the journal")?;
        self.already_stored.remove(&sequence);
        Ok(())
    }
}

async fn await_pub_ack(
    ack: PublishAckFuture,
    sequence: u64,
    length: usize,
    session: Session,
) -> PubAckOutcome {
    let is_duplicate = ack.await.map(|ack| ack.duplicate).map_err(|error| {
        if matches!(error.kind(), PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe) {
            session.invalidate("no acknowledgement arrived");
        }
        Error::new(error_chain(&error)).context(format!("message {sequence}"))
    });
    PubAckOutcome { sequence, length, is_duplicate }
}
