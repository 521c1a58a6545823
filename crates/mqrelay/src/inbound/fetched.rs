//! What was fetched over one connection, and is not delivered or not confirmed yet.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull::Batch;
use async_nats::jetstream::{AckKind, Message};
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::message_key::Key;
use crate::broker::Session;
use crate::error::{Error, Result, Within, whole};
use crate::route_context::LOOK;

/// How long the server keeps a request for messages.
const EXPIRES: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Held {
    pub(super) messages: VecDeque<(Key, Message)>,
    pub(super) confirmations: FuturesUnordered<Confirmation>,
    batch: Option<Batch>,
}

type Confirmation = Pin<Box<dyn Future<Output = Result<Key>> + Send>>;

impl Held {
    /// Asks the server for messages, when half of the last ones are delivered.
    pub(super) async fn ask_for_more(
        &mut self,
        consumer: &PullConsumer,
        most: usize,
    ) -> Result<()> {
        if self.batch.is_some() || self.messages.len() > most / 2 {
            return Ok(());
        }
        let room = most - self.messages.len();
        let batch = consumer.batch().max_messages(room).expires(EXPIRES).messages().await;
        self.batch = Some(batch.map_err(|error| whole(&error)).within("asking for messages")?);
        Ok(())
    }

    /// Waits for one message more, for the end of what was asked for, or for a confirmation: then
    /// which message it is of. To drop the future loses nothing.
    pub(super) async fn changed(&mut self) -> Result<Option<Key>> {
        let message = tokio::select! {
            Some(confirmed) = self.confirmations.next() => return confirmed.map(Some),
            message = next_of(&mut self.batch) => message,
        };
        match message {
            Some(Ok(message)) => self.messages.push_back((Key::new(&message)?, message)),
            Some(Err(error)) => {
                self.batch = None;
                return Err(Error::new(error.to_string()).within("fetching"));
            }
            None => self.batch = None,
        }
        Ok(None)
    }

    /// Acknowledges the first message.
    pub(super) fn confirm_first(&mut self, session: &Session) {
        if let Some((key, message)) = self.messages.pop_front() {
            self.confirmations.push(Box::pin(confirm(session.clone(), message, key)));
        }
    }

    /// Tells the server that messages which wait for room are not lost.
    pub(super) async fn say_still_there(&mut self) -> Result<()> {
        for (_, message) in &self.messages {
            message.ack_with(AckKind::Progress).await.within("asking for patience")?;
        }
        Ok(())
    }

    /// What is not delivered is for another relay, or for the next start.
    pub(super) async fn give_back(&mut self) -> Result<()> {
        self.batch = None;
        for (_, message) in &self.messages {
            // Not before the server knows that nobody waits for the rest of the batch.
            let later = AckKind::Nak(Some(LOOK));
            message.ack_with(later).await.within("returning a message")?;
        }
        Ok(())
    }
}

async fn next_of(
    batch: &mut Option<Batch>,
) -> Option<std::result::Result<Message, async_nats::Error>> {
    match batch {
        Some(batch) => batch.next().await,
        None => std::future::pending().await,
    }
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
