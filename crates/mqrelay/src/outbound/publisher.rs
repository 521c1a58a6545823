//! Publishes what is durable, in order, and drops what the server has.

use std::collections::BTreeSet;
use std::pin::Pin;

use async_nats::jetstream::context::{PublishAckFuture, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use futures_util::stream::{FuturesOrdered, StreamExt};
use tokio::sync::watch;
use tracing::{debug, warn};

use crate::backoff::Backoff;
use crate::broker::Session;
use crate::config::OutRoute;
use crate::error::{Error, Result, Within, whole};
use crate::headers::Origin;
use crate::journal::{Journal, Place, Record};
use crate::route_context::Context;

/// How many bytes may be published and not acknowledged, unless it is one message.
const BYTES_IN_FLIGHT: usize = 4 << 20;

/// Ends when nothing becomes durable any more and all of it is acknowledged.
pub(super) async fn run(
    route: &OutRoute,
    origin: &Origin,
    journal: &Journal,
    context: &Context,
    mut durable: watch::Receiver<u64>,
) {
    let mut publisher = Publisher { route, origin, journal, context, stored: BTreeSet::new() };
    let mut backoff = Backoff::default();
    loop {
        let session = context.broker.session().await;
        let before = journal.start().sequence;
        let outcome = match context.provision.out(&session, route).await {
            Ok(()) => publisher.publish_over(&session, &mut durable).await,
            Err(error) => Err(error),
        };
        let Err(error) = outcome else {
            return;
        };
        warn!(%error, pending = journal.pending(), "not published; trying again");
        context.counters.set_trouble("publish", Some(error.to_string()));
        if journal.start().sequence > before {
            backoff = Backoff::default();
        }
        backoff.wait().await;
    }
}

struct Publisher<'a> {
    route: &'a OutRoute,
    origin: &'a Origin,
    journal: &'a Journal,
    context: &'a Context,
    /// What the server has of the messages behind one that it refused.
    stored: BTreeSet<u64>,
}

/// What is under way.
struct Flight {
    place: Place,
    /// Read and not published yet.
    read: std::vec::IntoIter<Record>,
    answers: FuturesOrdered<Pin<Box<dyn Future<Output = Answer> + Send>>>,
    bytes: usize,
    /// How many messages may be: one, until it is acknowledged, so that none overtakes it.
    most: usize,
}

/// What the server says of a message.
struct Answer {
    sequence: u64,
    length: usize,
    /// Whether it had the message already.
    is_duplicate: Result<bool>,
}

impl Publisher<'_> {
    /// Publishes until there will be no more. Whatever fails, all from the first message on that is
    /// not acknowledged comes again, save what the server is known to have.
    async fn publish_over(
        &mut self,
        session: &Session,
        durable: &mut watch::Receiver<u64>,
    ) -> Result<()> {
        let (place, read) = (self.journal.start(), Vec::new().into_iter());
        let mut flight = Flight { place, read, answers: FuturesOrdered::new(), bytes: 0, most: 1 };
        let published = async {
            let outcome = self.publish_all(session, &mut flight, durable).await;
            if outcome.is_err() {
                while let Some(answer) = flight.answers.next().await {
                    if answer.is_duplicate.is_ok() {
                        self.stored.insert(answer.sequence);
                    }
                }
            }
            outcome
        };
        tokio::select! {
            outcome = published => outcome,
            () = session.ended() => Err(Error::new("the connection is lost")),
        }
    }

    async fn publish_all(
        &mut self,
        session: &Session,
        flight: &mut Flight,
        durable: &mut watch::Receiver<u64>,
    ) -> Result<()> {
        let mut is_last = false;
        loop {
            let up_to = *durable.borrow_and_update();
            self.fill(session, flight, up_to).await?;
            let is_all = flight.place.sequence > up_to && flight.read.as_slice().is_empty();
            if is_last && is_all && flight.answers.is_empty() {
                return Ok(());
            }
            tokio::select! {
                Some(answer) = flight.answers.next() => {
                    flight.bytes -= answer.length;
                    self.acknowledge(answer)?;
                    flight.most = self.route.in_flight;
                }
                changed = durable.changed(), if !is_last && is_all => is_last = changed.is_err(),
            }
        }
    }

    /// Publishes as much as may be in flight.
    async fn fill(&self, session: &Session, flight: &mut Flight, up_to: u64) -> Result<()> {
        while flight.answers.len() < flight.most && flight.bytes < BYTES_IN_FLIGHT {
            let Some(record) = flight.read.next() else {
                let records = self.journal.read(&mut flight.place, up_to).within("the journal")?;
                if records.is_empty() {
                    break;
                }
                flight.read = records.into_iter();
                continue;
            };
            let (sequence, length) = (record.sequence, record.data.len());
            flight.bytes += length;
            if self.stored.contains(&sequence) {
                let answer = Answer { sequence, length, is_duplicate: Ok(false) };
                flight.answers.push_back(Box::pin(std::future::ready(answer)));
            } else {
                let ack = self.publish(session, record).await?;
                let answer = answer(ack, sequence, length, session.clone());
                flight.answers.push_back(Box::pin(answer));
            }
        }
        Ok(())
    }

    async fn publish(&self, session: &Session, record: Record) -> Result<PublishAckFuture> {
        let place = format!("message {}", record.sequence);
        let message = PublishMessage::build()
            .headers(self.origin.headers(&record))
            .expected_stream(&self.route.stream)
            .payload(record.data);
        let sent = session.jetstream.send_publish(self.route.subject.clone(), message).await;
        sent.map_err(|error| whole(&error)).within(place)
    }

    fn acknowledge(&mut self, answer: Answer) -> Result<()> {
        let Answer { sequence, is_duplicate, .. } = answer;
        let counters = &self.context.counters;
        if is_duplicate? {
            debug!(sequence, "the server had this message already");
            counters.duplicates.add(1);
        }
        counters.published.add(1);
        counters.set_trouble("publish", None);
        self.journal.acknowledge(sequence).within("the journal")?;
        self.stored.remove(&sequence);
        Ok(())
    }
}

async fn answer(ack: PublishAckFuture, sequence: u64, length: usize, session: Session) -> Answer {
    let is_duplicate = ack.await.map(|ack| ack.duplicate).map_err(|error| {
        if matches!(error.kind(), PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe) {
            session.give_up("no acknowledgement came");
        }
        Error::new(whole(&error)).within(format!("message {sequence}"))
    });
    Answer { sequence, length, is_duplicate }
}
