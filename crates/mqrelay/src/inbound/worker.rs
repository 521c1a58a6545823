//! Delivers the messages of one connection to the queue, in the order of the stream.

use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::PullConsumer;
use futures_util::stream::StreamExt;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::{info, warn};

use super::dead_letter;
use super::dedup::DedupLog;
use super::fetched::Fetched;
use super::message_key::MessageKey;
use super::target_queue::{CheckedMessage, SendOutcome, TargetQueue};
use crate::broker::Session;
use crate::config::InboundRoute;
use crate::error::{Error, Result, ResultExt};
use crate::headers;
use crate::route_context::{POLL_INTERVAL, RouteContext};

/// The limit on unconfirmed acknowledgements. No message is sent to the queue while it is reached.
const MAX_PENDING_ACKS: usize = 1024;

pub(super) struct InboundWorker {
    pub(super) route: InboundRoute,
    pub(super) target: TargetQueue,
    pub(super) dedup: DedupLog,
    pub(super) context: RouteContext,
}

impl InboundWorker {
    /// Delivers messages until the route is stopped. After an error, `fetched` keeps the rest for the
    /// next attempt.
    pub(super) async fn serve(&mut self, session: &Session, fetched: &mut Fetched) -> Result<()> {
        let consumer = self.context.provisioner.ensure_inbound(session, &self.route).await?;
        self.dedup.confirm_through(consumer.cached_info().ack_floor.stream_sequence);
        info!(consumer = self.route.consumer, "fetching");
        self.context.counters.set_problem("fetch", None);
        self.deliver(session, &consumer, fetched).await?;
        fetched.nak_all().await?;
        while let Some(acked) = fetched.pending_acks.next().await {
            self.dedup.confirm(acked?);
        }
        session.client.flush().await.context("sending negative acknowledgements")
    }

    async fn deliver(
        &mut self,
        session: &Session,
        consumer: &PullConsumer,
        fetched: &mut Fetched,
    ) -> Result<()> {
        let mut queue_poll = ticker(POLL_INTERVAL);
        let mut progress = ticker(consumer.cached_info().config.ack_wait / 3);
        let stop = self.context.stop.clone();
        while !stop.is_cancelled() {
            fetched.request_batch(consumer, self.route.batch).await?;
            let next = self.next_checked(session, fetched).await?;
            let is_ready = next.is_some() && fetched.pending_acks.len() < MAX_PENDING_ACKS;
            tokio::select! {
                sent = self.target.send(next.as_ref()), if is_ready => {
                    self.on_delivered(session, fetched, sent)?;
                }
                acked = fetched.next_event() => {
                    if let Some(key) = acked? {
                        self.dedup.confirm(key);
                    }
                }
                _ = queue_poll.tick() => {
                    self.target.check_unlinked().context("the queue")?;
                    self.context.counters.set_missing_queue(self.target.missing_name());
                }
                _ = progress.tick() => fetched.send_in_progress().await?,
                () = stop.cancelled() => {}
            }
        }
        Ok(())
    }

    /// Returns the next message to send. Acknowledges duplicates and publishes dead letters before it.
    async fn next_checked(
        &mut self,
        session: &Session,
        fetched: &mut Fetched,
    ) -> Result<Option<CheckedMessage>> {
        while let Some((key, message)) = fetched.messages.front() {
            let key = *key;
            if self.dedup.contains(&key) {
                self.context.counters.deduplicated.add(1);
            } else if let Some(next) = self.validate(message, key) {
                match next {
                    Ok(next) => return Ok(Some(next)),
                    Err(reason) => {
                        dead_letter::publish(session, &self.route, message, &key, &reason).await?;
                        warn!(%reason, subject = self.route.dead_letter, "published a dead letter");
                        self.context.counters.dead_letters.add(1);
                    }
                }
            } else {
                return Ok(None);
            }
            fetched.ack_front(session);
        }
        Ok(None)
    }

    /// Checks whether the queue accepts a message. Returns `None` while there is no queue.
    fn validate(&self, message: &Message, key: MessageKey) -> Option<Result<CheckedMessage>> {
        let max = self.target.message_size()?;
        let length = message.payload.len();
        if length > max {
            let queue = &self.route.queue;
            let message = format!("{length} bytes exceed the message size of {queue:?}, {max}");
            return Some(Err(Error::new(message)));
        }
        let priority = headers::parse_priority(message.headers.as_ref(), self.route.priority);
        Some(priority.map(|priority| CheckedMessage {
            key,
            priority,
            data: message.payload.clone(),
        }))
    }

    fn on_delivered(
        &mut self,
        session: &Session,
        fetched: &mut Fetched,
        sent: posix_mqueue::Result<SendOutcome>,
    ) -> Result<()> {
        let SendOutcome::Delivered(key) = sent.context("the queue")? else {
            return Ok(());
        };
        self.context.counters.delivered.add(1);
        let logged = self.dedup.insert(key).context("logging a delivered message");
        fetched.ack_front(session);
        logged
    }
}

fn ticker(period: Duration) -> Interval {
    let mut ticker = interval(period.max(Duration::from_millis(100)));
    ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticker.reset();
    ticker
}
