//! What the features add: tasks, a poll, values that travel.

#![allow(clippy::unwrap_used)]

use std::io;
use std::time::Duration;

use mq_user::small_queue;
use posix_mqueue::tokio::{MessageQueue, Messages};
use posix_mqueue::{Attributes, Message, Result};
use tokio_stream::StreamExt;

#[tokio::test(flavor = "current_thread")]
async fn tasks_wait_for_each_other() -> Result<()> {
    let queue = MessageQueue::new(small_queue()?)?;
    let mut buffer = [0; 64];
    let (received, sent) = tokio::join!(queue.receive(&mut buffer), queue.send(b"hello", 3));
    sent?;
    assert_eq!(received?, (5, 3));
    queue.writable().await?;
    queue.get_ref().send(b"again", 4)?;
    queue.readable().await?;
    assert_eq!(queue.receive_message().await?.data, b"again");
    assert_eq!(queue.into_inner().attributes()?.messages, 0);
    Ok(())
}

#[tokio::test(flavor = "current_thread")]
async fn cancelled_receive_takes_nothing() -> Result<()> {
    let queue = MessageQueue::new(small_queue()?)?;
    let waited = tokio::time::timeout(Duration::from_millis(1), queue.receive_message()).await;
    assert!(waited.is_err());
    queue.send(b"still there", 0).await?;
    let mut messages: Messages<'_> = queue.messages();
    let message = messages.next().await.transpose()?;
    assert_eq!(message.map(|message| message.data), Some(b"still there".to_vec()));
    Ok(())
}

#[test]
fn a_poll_tells_that_there_is_a_message() -> io::Result<()> {
    let mut queue = small_queue().map_err(io::Error::from)?;
    let mut poll = mio::Poll::new()?;
    let mut events = mio::Events::with_capacity(1);
    poll.registry().register(&mut queue, mio::Token(7), mio::Interest::READABLE)?;
    queue.send(b"!", 0).map_err(io::Error::from)?;
    poll.poll(&mut events, Some(Duration::from_secs(30)))?;
    assert_eq!(events.iter().map(|event| event.token().0).collect::<Vec<_>>(), [7]);
    poll.registry().deregister(&mut queue)
}

#[test]
fn values_travel_as_text() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let queue = small_queue()?;
    let text = serde_json::to_string(&queue.attributes()?)?;
    assert_eq!(serde_json::from_str::<Attributes>(&text)?, queue.attributes()?);
    let message: Message = serde_json::from_str(r#"{"data": "hello", "priority": 3}"#)?;
    queue.send(&message.data, message.priority)?;
    assert_eq!(queue.receive_message()?, message);
    Ok(())
}
