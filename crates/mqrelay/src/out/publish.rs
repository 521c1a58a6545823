//! Publishes what is durable, in order, and drops what the server has.

use std::sync::Arc;

use async_nats::jetstream::context::{PublishAckFuture, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use futures_util::stream::{FuturesOrdered, StreamExt};
use tokio::sync::watch;
use tracing::{debug, warn};

use super::Context;
use crate::backoff::Backoff;
use crate::broker::{Session, whole};
use crate::error::{Error, Result, Within};
use crate::headers::Origin;
use crate::journal::{Journal, Place, Record};
use crate::route::OutRoute;

/// How many bytes may be published and not acknowledged, unless it is one message.
const BYTES_IN_FLIGHT: usize = 4 << 20;

/// Ends when nothing becomes durable any more and all of it is acknowledged.
pub(super) async fn run(
    route: &OutRoute,
    origin: &Origin,
    journal: &Arc<Journal>,
    context: &Context,
    mut durable: watch::Receiver<u64>,
) {
    let mut backoff = Backoff::default();
    loop {
        let session = context.broker.session().await;
        let before = journal.start().sequence;
        let outcome = match context.provision.out(&session, route).await {
            Ok(()) => {
                let mut flight = Flight::new(route, origin, journal, context, &session);
                flight.fly(&mut durable).await
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => return,
            Err(error) => {
                warn!(%error, pending = journal.pending(), "not published; trying again");
                context.counters.set_trouble("publish", Some(error.to_string()));
            }
        }
        if journal.start().sequence > before {
            backoff = Backoff::default();
        }
        backoff.wait().await;
    }
}

/// What is under way over one connection.
struct Flight<'a> {
    route: &'a OutRoute,
    origin: &'a Origin,
    journal: &'a Journal,
    context: &'a Context,
    session: &'a Session,
    place: Place,
    /// Read and not published yet.
    read: std::vec::IntoIter<Record>,
    acks: FuturesOrdered<Answer>,
    bytes: usize,
}

/// The sequence number, the length, and what the server says of them.
type Answer = std::pin::Pin<Box<dyn Future<Output = (u64, usize, Result<PublishAck>)> + Send>>;

impl<'a> Flight<'a> {
    fn new(
        route: &'a OutRoute,
        origin: &'a Origin,
        journal: &'a Journal,
        context: &'a Context,
        session: &'a Session,
    ) -> Self {
        let (place, read) = (journal.start(), Vec::new().into_iter());
        let acks = FuturesOrdered::new();
        Self { route, origin, journal, context, session, place, read, acks, bytes: 0 }
    }

    /// Publishes until there will be no more. Whatever fails, everything from the first message that
    /// is not acknowledged is published again by the next flight.
    async fn fly(&mut self, durable: &mut watch::Receiver<u64>) -> Result<()> {
        let mut is_last = false;
        loop {
            let up_to = *durable.borrow_and_update();
            self.fill(up_to).await?;
            let is_all = self.place.sequence > up_to && self.read.as_slice().is_empty();
            if is_last && is_all && self.acks.is_empty() {
                return Ok(());
            }
            tokio::select! {
                Some((sequence, length, answer)) = self.acks.next() => {
                    self.bytes -= length;
                    self.acknowledge(sequence, answer)?;
                }
                changed = durable.changed(), if !is_last && is_all => is_last = changed.is_err(),
                () = self.session.ended() => return Err(Error::new("the connection is lost")),
            }
        }
    }

    /// Publishes as much as may be in flight.
    async fn fill(&mut self, up_to: u64) -> Result<()> {
        while self.acks.len() < self.route.in_flight && self.bytes < BYTES_IN_FLIGHT {
            let Some(record) = self.read.next() else {
                let records = self.journal.read(&mut self.place, up_to).within("the journal")?;
                if records.is_empty() {
                    break;
                }
                self.read = records.into_iter();
                continue;
            };
            self.publish(record).await?;
        }
        Ok(())
    }

    async fn publish(&mut self, record: Record) -> Result<()> {
        let (sequence, length) = (record.sequence, record.data.len());
        let message = PublishMessage::build()
            .headers(self.origin.headers(&record))
            .expected_stream(&self.route.stream)
            .payload(record.data);
        let sent = tokio::select! {
            sent = self.session.jetstream.send_publish(self.route.subject.clone(), message) => sent,
            () = self.session.ended() => return Err(Error::new("the connection is lost")),
        };
        let ack = sent.map_err(|error| whole(&error)).within(format!("message {sequence}"))?;
        self.bytes += length;
        self.acks.push_back(Box::pin(answer(ack, sequence, length, self.session.clone())));
        Ok(())
    }

    fn acknowledge(&self, sequence: u64, answer: Result<PublishAck>) -> Result<()> {
        let ack = answer?;
        let counters = &self.context.counters;
        counters.published.add(1);
        if ack.duplicate {
            debug!(sequence, "the server had this message already");
            counters.duplicates.add(1);
        }
        counters.set_trouble("publish", None);
        self.journal.acknowledge(sequence).within("the journal")
    }
}

async fn answer(
    ack: PublishAckFuture,
    sequence: u64,
    length: usize,
    session: Session,
) -> (u64, usize, Result<PublishAck>) {
    let answer = ack.await.map_err(|error| {
        if matches!(error.kind(), PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe) {
            session.give_up("no acknowledgement came");
        }
        Error::new(whole(&error)).within(format!("message {sequence}"))
    });
    (sequence, length, answer)
}
