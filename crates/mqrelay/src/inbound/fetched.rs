//! The messages fetched over one connection that are not delivered or not acknowledged yet.

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

/// How long a request for messages stays open at the server.
const REQUEST_EXPIRY: Duration = Duration::from_secs(10);
/// How long the server waits before it redelivers after a negative acknowledgement. It must know by
/// then that this relay's request is over, or it would redeliver to the same relay.
const REDELIVERY_DELAY: Duration = Duration::from_secs(1);

/// Fetched messages and pending acknowledgements.
#[derive(Default)]
pub(super) struct Fetched {
    pub(super) messages: VecDeque<(MessageKey, Message)>,
    pub(super) pending_acks: FuturesUnordered<PendingAck>,
    batch: Option<Batch>,
}

type PendingAck = Pin<Box<dyn Future<Output = Result<MessageKey>> + Send>>;

impl Fetched {
    /// Requests more messages from the server when half of `limit` are delivered.
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
            Some(batch.map_err(|error| error_chain(&error)).context("requesting messages")?);
        Ok(())
    }

    /// Waits for a message, the end of a request, or a confirmed acknowledgement, and returns the key
    /// of the acknowledged message. Dropping the future loses none of these.
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

    /// Acknowledges the first message, and removes it.
    pub(super) fn ack_front(&mut self, session: &Session) {
        if let Some((key, message)) = self.messages.pop_front() {
            self.pending_acks.push(Box::pin(double_ack(session.clone(), message, key)));
        }
    }

    /// Tells the server that these messages are still in progress, so that it does not redeliver them.
    pub(super) async fn send_in_progress(&mut self) -> Result<()> {
        for (_, message) in &self.messages {
            message.ack_with(AckKind::Progress).await.context("reporting progress")?;
        }
        Ok(())
    }

    /// Returns undelivered messages to the server, for another relay or the next start.
    pub(super) async fn nak_all(&mut self) -> Result<()> {
        self.batch = None;
        for (_, message) in &self.messages {
            let nak = AckKind::Nak(Some(REDELIVERY_DELAY));
            message.ack_with(nak).await.context("sending a negative acknowledgement")?;
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

/// Acknowledges a message and waits for the server's confirmation.
async fn double_ack(session: Session, message: Message, key: MessageKey) -> Result<MessageKey> {
    let Some(reply) = message.reply.clone() else {
        return Ok(key);
    };
    match session.client.request(reply, AckKind::Ack.into()).await {
        Ok(_) => Ok(key),
        Err(error) => {
            session.invalidate("the server did not confirm an acknowledgement");
            Err(Error::new(error_chain(&error)).context("acknowledging"))
        }
    }
}
