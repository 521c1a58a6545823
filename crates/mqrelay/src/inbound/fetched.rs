//! What was fetched over one connection, and is not delivered or not acked yet.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::consumer::pull::Batch;
use async_nats::jetstream::{AckKind, Message};
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::message_key::MessageKey;
use crate::broker::Session;
use crate::error::{Error, Result, ResultExt, error_chain};

/// How long the server keeps a request for messages.
const REQUEST_EXPIRY: Duration = Duration::from_secs(10);
/// How long the server waits before it delivers a returned message again.
const REDELIVERY_DELAY: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Fetched {
    pub(super) messages: VecDeque<(MessageKey, Message)>,
    pub(super) pending_acks: FuturesUnordered<PendingAck>,
    batch: Option<Batch>,
}

type PendingAck = Pin<Box<dyn Future<Output = Result<MessageKey>> + Send>>;

impl Fetched {
    /// Asks the server for messages, when half of the last ones are delivered.
    pub(super) async fn request_batch(
        &mut self,
        consumer: &PullConsumer,
        limit: usize,
    ) -> Result<()> {
        if self.batch.is_some() || self.messages.len() > limit / 2 {
            return Ok(());
        }
        let room = limit - self.messages.len();
        let batch = consumer.batch().max_messages(room).expires(REQUEST_EXPIRY).messages().await;
        self.batch =
            Some(batch.map_err(|error| error_chain(&error)).context("asking for messages")?);
        Ok(())
    }

    /// Waits for one message more, for the end of what was asked for, or for a confirmation: then
    /// which message it is of. To drop the future loses nothing.
    pub(super) async fn next_event(&mut self) -> Result<Option<MessageKey>> {
        let message = tokio::select! {
            Some(acked) = self.pending_acks.next() => return acked.map(Some),
            message = next_message(&mut self.batch) => message,
        };
        match message {
            Some(Ok(message)) => self.messages.push_back((MessageKey::new(&message)?, message)),
            Some(Err(error)) => {
                self.batch = None;
                return Err(Error::new(error.to_string()).context("fetching"));
            }
            None => self.batch = None,
        }
        Ok(None)
    }

    /// Acknowledges the first message.
    pub(super) fn ack_front(&mut self, session: &Session) {
        if let Some((key, message)) = self.messages.pop_front() {
            self.pending_acks.push(Box::pin(double_ack(session.clone(), message, key)));
        }
    }

    /// Tells the server that messages which wait for room are not lost.
    pub(super) async fn send_in_progress(&mut self) -> Result<()> {
        for (_, message) in &self.messages {
            message.ack_with(AckKind::Progress).await.context("asking for patience")?;
        }
        Ok(())
    }

    /// What is not delivered is for another relay, or for the next start.
    pub(super) async fn nak_all(&mut self) -> Result<()> {
        self.batch = None;
        for (_, message) in &self.messages {
            // Not before the server knows that nobody waits for the rest of the batch.
            let later = AckKind::Nak(Some(REDELIVERY_DELAY));
            message.ack_with(later).await.context("returning a message")?;
        }
        Ok(())
    }
}

async fn next_message(
    batch: &mut Option<Batch>,
) -> Option<std::result::Result<Message, async_nats::Error>> {
    match batch {
        Some(batch) => batch.next().await,
        None => std::future::pending().await,
    }
}

/// Acknowledges a message, and waits until the server says that it knows.
async fn double_ack(session: Session, message: Message, key: MessageKey) -> Result<MessageKey> {
    let Some(reply) = message.reply.clone() else {
        return Ok(key);
    };
    match session.client.request(reply, AckKind::Ack.into()).await {
        Ok(_) => Ok(key),
        Err(error) => {
            session.invalidate("an acknowledgement was not acked");
            Err(Error::new(error_chain(&error)).context("acknowledging"))
        }
    }
}
