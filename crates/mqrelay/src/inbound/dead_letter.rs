//! Publishes messages that can never be delivered.

use async_nats::HeaderMap;
use async_nats::jetstream::Message;

use super::message_key::MessageKey;
use crate::broker::Session;
use crate::config::InboundRoute;
use crate::error::{Error, Result, ResultExt, error_chain};
use crate::headers::{REASON, SUBJECT};

/// Publishes a dead letter with the reason and the original subject, and waits until a stream has
/// stored it.
pub(super) async fn publish(
    session: &Session,
    route: &InboundRoute,
    message: &Message,
    key: &MessageKey,
    reason: &Error,
) -> Result<()> {
    let mut headers = HeaderMap::new();
    for (name, values) in message.headers.iter().flat_map(HeaderMap::iter) {
        // The server acts on Nats- headers, which were meant for the original message.
        if !name.to_string().starts_with("Nats-") {
            for value in values {
                headers.append(name.clone(), value.clone());
            }
        }
    }
    let id = format!("dead-{}-{}-{}", route.stream, key.sequence, key.stored_at);
    headers.insert(async_nats::header::NATS_MESSAGE_ID, id);
    headers.insert(REASON, reason.to_string());
    headers.insert(SUBJECT, message.subject.as_str());
    let (subject, data) = (route.dead_letter.clone(), message.payload.clone());
    let sent = session.jetstream.publish_with_headers(subject, headers, data).await;
    let location = "the dead-letter subject";
    sent.map_err(|error| error_chain(&error))
        .context(location)?
        .await
        .map_err(|e| error_chain(&e))
        .context(location)?;
    Ok(())
}
