//! From a stream to a queue: fetched, sent to the kernel, remembered, acknowledged.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull::Batch;
use async_nats::jetstream::{AckKind, Message};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::backoff::Backoff;
use crate::broker::{Session, whole};
use crate::error::{Error, Result, Within};
use crate::headers;
use crate::out::Context;
use crate::route::InRoute;
use crate::source::LOOK;
use taken::{Key, Taken};
use target::{Sent, Target};

mod dead_letter;
mod taken;
mod target;

/// How long the server keeps a request for messages.
const EXPIRES: Duration = Duration::from_secs(10);
/// How many acknowledgements may be under way; the kernel takes no more until some arrive.
const UNCONFIRMED: usize = 1024;

/// Runs a route until it is stopped.
///
/// # Errors
///
/// If what was taken cannot be remembered.
pub(crate) async fn run(route: InRoute, directory: &Path, context: Context) -> Result<()> {
    let taken = Taken::open(directory).within(format!("{}", directory.display()))?;
    let mut inward = Inward { target: Target::new(route.queue.clone()), route, taken, context };
    let stop = inward.context.stop.clone();
    let mut backoff = Backoff::default();
    let mut held = Held::default();
    loop {
        let session = tokio::select! {
            session = inward.context.broker.session() => session,
            () = stop.cancelled() => return Ok(()),
        };
        let before = inward.context.counters.delivered.get();
        let outcome = tokio::select! {
            outcome = inward.serve(&session, &mut held) => outcome,
            () = session.ended() => {
                // The server delivers it again, over another connection.
                held = Held::default();
                Err(Error::new("the connection is lost"))
            }
        };
        let Err(error) = outcome else {
            return Ok(());
        };
        warn!(%error, "not delivered; trying again");
        inward.context.counters.set_trouble("fetch", Some(error.to_string()));
        if inward.context.counters.delivered.get() > before {
            backoff = Backoff::default();
        }
        tokio::select! {
            () = backoff.wait() => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}

struct Inward {
    route: InRoute,
    target: Target,
    taken: Taken,
    context: Context,
}

/// What is under way over one connection.
#[derive(Default)]
struct Held {
    messages: VecDeque<(Key, Message)>,
    batch: Option<Batch>,
    confirmations: FuturesUnordered<Confirmation>,
}

impl Held {
    fn confirm_first(&mut self, session: &Session) {
        if let Some((key, message)) = self.messages.pop_front() {
            self.confirmations.push(Box::pin(confirm(session.clone(), message, key)));
        }
    }
}

type Confirmation = std::pin::Pin<Box<dyn Future<Output = Result<Key>> + Send>>;

impl Inward {
    /// Delivers until it is stopped. If that fails, what is held is for the next attempt.
    async fn serve(&mut self, session: &Session, held: &mut Held) -> Result<()> {
        let consumer = self.context.provision.inward(session, &self.route).await?;
        self.taken.confirm_up_to(consumer.cached_info().ack_floor.stream_sequence);
        info!(consumer = self.route.consumer, "fetching");
        self.context.counters.set_trouble("fetch", None);
        self.deliver(session, &consumer, held).await?;
        self.give_back(session, held).await
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
            self.ask_for_more(consumer, held).await?;
            let next = self.next(session, held).await?;
            let is_ready = next.is_some() && held.confirmations.len() < UNCONFIRMED;
            tokio::select! {
                sent = self.target.send(next.as_ref()), if is_ready => {
                    self.took(session, held, sent)?;
                }
                message = next_of(&mut held.batch) => match message {
                    Some(Ok(message)) => held.messages.push_back((Key::new(&message)?, message)),
                    Some(Err(error)) => {
                        held.batch = None;
                        return Err(Error::new(error.to_string()).within("fetching"));
                    }
                    None => held.batch = None,
                },
                Some(confirmed) = held.confirmations.next() => self.taken.confirm(confirmed?),
                _ = look.tick() => {
                    self.target.look().within("the queue")?;
                    self.context.counters.set_missing(self.target.missing());
                }
                _ = progress.tick() => still_there(&held.messages).await?,
                () = stop.cancelled() => {}
            }
        }
        Ok(())
    }

    /// What is not delivered is for another relay, or for the next start.
    async fn give_back(&mut self, session: &Session, held: &mut Held) -> Result<()> {
        held.batch = None;
        for (_, message) in &held.messages {
            // Not before the server knows that nobody waits for the rest of the batch.
            let later = AckKind::Nak(Some(LOOK));
            message.ack_with(later).await.within("returning a message")?;
        }
        while let Some(confirmed) = held.confirmations.next().await {
            self.taken.confirm(confirmed?);
        }
        session.client.flush().await.within("returning messages")
    }

    /// Asks the server for messages, when half of the last ones are delivered.
    async fn ask_for_more(&self, consumer: &PullConsumer, held: &mut Held) -> Result<()> {
        if held.batch.is_some() || held.messages.len() > self.route.batch / 2 {
            return Ok(());
        }
        let room = self.route.batch - held.messages.len();
        let batch = consumer.batch().max_messages(room).expires(EXPIRES).messages().await;
        held.batch = Some(batch.map_err(|error| whole(&error)).within("asking for messages")?);
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

/// A message on its way into the queue.
#[derive(Debug)]
struct Next {
    key: Key,
    priority: u32,
    data: bytes::Bytes,
}

fn ticks(time: Duration) -> Interval {
    let mut ticks = interval(time.max(Duration::from_millis(100)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    ticks
}

async fn next_of(
    batch: &mut Option<Batch>,
) -> Option<std::result::Result<Message, async_nats::Error>> {
    match batch {
        Some(batch) => batch.next().await,
        None => std::future::pending().await,
    }
}

/// Tells the server that messages which wait for room are not lost.
async fn still_there(messages: &VecDeque<(Key, Message)>) -> Result<()> {
    for (_, message) in messages {
        message.ack_with(AckKind::Progress).await.within("asking for patience")?;
    }
    Ok(())
}

/// Acknowledges a message, and waits until the server says that it knows.
async fn confirm(session: Session, message: Message, key: Key) -> Result<Key> {
    let Some(reply) = message.reply.clone() else {
        return Ok(key);
    };
    match session.client.request(reply, AckKind::Ack.into()).await {
        Ok(_) => Ok(key),
        Err(error) => {
            session.give_up("an acknowledgement was not confirmed");
            Err(Error::new(whole(&error)).within("acknowledging"))
        }
    }
}
