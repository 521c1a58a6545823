//! Delivers the messages of one connection to the queue.

use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::PullConsumer;
use futures_util::stream::StreamExt;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::{info, warn};

use super::dead_letter;
use super::dedup::Taken;
use super::fetched::Held;
use super::message_key::Key;
use super::target_queue::{Next, Sent, Target};
use crate::broker::Session;
use crate::config::InRoute;
use crate::error::{Error, Result, Within};
use crate::headers;
use crate::route_context::{Context, LOOK};

/// How many acknowledgements may be under way; the kernel takes no more until some arrive.
const UNCONFIRMED: usize = 1024;

pub(super) struct Inward {
    pub(super) route: InRoute,
    pub(super) target: Target,
    pub(super) taken: Taken,
    pub(super) context: Context,
}

impl Inward {
    /// Delivers until it is stopped. If that fails, what is held is for the next attempt.
    pub(super) async fn serve(&mut self, session: &Session, held: &mut Held) -> Result<()> {
        let consumer = self.context.provision.inward(session, &self.route).await?;
        self.taken.confirm_up_to(consumer.cached_info().ack_floor.stream_sequence);
        info!(consumer = self.route.consumer, "fetching");
        self.context.counters.set_trouble("fetch", None);
        self.deliver(session, &consumer, held).await?;
        held.give_back().await?;
        while let Some(confirmed) = held.confirmations.next().await {
            self.taken.confirm(confirmed?);
        }
        session.client.flush().await.within("returning messages")
    }

    async fn deliver(
        &mut self,
        session: &Session,
        consumer: &PullConsumer,
        held: &mut Held,
    ) -> Result<()> {
        let mut look = ticks(LOOK);
        let mut progress = ticks(consumer.cached_info().config.ack_wait / 3);
        let stop = self.context.stop.clone();
        while !stop.is_cancelled() {
            held.ask_for_more(consumer, self.route.batch).await?;
            let next = self.next(session, held).await?;
            let is_ready = next.is_some() && held.confirmations.len() < UNCONFIRMED;
            tokio::select! {
                sent = self.target.send(next.as_ref()), if is_ready => {
                    self.took(session, held, sent)?;
                }
                confirmed = held.changed() => {
                    if let Some(key) = confirmed? {
                        self.taken.confirm(key);
                    }
                }
                _ = look.tick() => {
                    self.target.look().within("the queue")?;
                    self.context.counters.set_missing(self.target.missing());
                }
                _ = progress.tick() => held.say_still_there().await?,
                () = stop.cancelled() => {}
            }
        }
        Ok(())
    }

    /// The message that the queue is to take next; what it shall not take is dealt with before.
    async fn next(&mut self, session: &Session, held: &mut Held) -> Result<Option<Next>> {
        while let Some((key, message)) = held.messages.front() {
            let key = *key;
            if self.taken.contains(&key) {
                self.context.counters.suppressed.add(1);
            } else if let Some(next) = self.judged(message, key) {
                match next {
                    Ok(next) => return Ok(Some(next)),
                    Err(reason) => {
                        dead_letter::publish(session, &self.route, message, &key, &reason).await?;
                        warn!(%reason, subject = self.route.dead_letter, "a dead letter");
                        self.context.counters.dead.add(1);
                    }
                }
            } else {
                return Ok(None);
            }
            held.confirm_first(session);
        }
        Ok(None)
    }

    /// Whether the queue can take a message; `None` if there is no queue to tell.
    fn judged(&self, message: &Message, key: Key) -> Option<Result<Next>> {
        let most = self.target.message_size()?;
        let length = message.payload.len();
        if length > most {
            let queue = &self.route.queue;
            let words = format!("{length} bytes are too many for {queue:?}, which takes {most}");
            return Some(Err(Error::new(words)));
        }
        let priority = headers::priority(message.headers.as_ref(), self.route.priority);
        Some(priority.map(|priority| Next { key, priority, data: message.payload.clone() }))
    }

    fn took(
        &mut self,
        session: &Session,
        held: &mut Held,
        sent: posix_mqueue::Result<Sent>,
    ) -> Result<()> {
        let Sent::Taken(key) = sent.within("the queue")? else {
            return Ok(());
        };
        self.context.counters.delivered.add(1);
        let remembered = self.taken.insert(key).within("remembering a message");
        held.confirm_first(session);
        remembered
    }
}

fn ticks(time: Duration) -> Interval {
    let mut ticks = interval(time.max(Duration::from_millis(100)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    ticks
}
