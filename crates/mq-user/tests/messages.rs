//! Sending and receiving, in each form there is.

#![allow(clippy::unwrap_used)]

use std::mem::MaybeUninit;
use std::time::{Duration, Instant, SystemTime};

use mq_user::small_queue;
use posix_mqueue::{Deadline, Message, PRIORITY_MAX, Result};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn every_send_is_received_by_every_receive() -> Result<()> {
    let queue = small_queue()?;
    let (mut buffer, mut uninit) = ([0; 64], [MaybeUninit::uninit(); 64]);
    let in_time = || Instant::now() + SOON;
    let by_the_clock = || SystemTime::now() + SOON;

    queue.send(b"a", 1)?;
    assert_eq!(queue.receive(&mut buffer)?, (1, 1));
    queue.try_send(b"b", 2)?;
    assert_eq!(queue.try_receive(&mut buffer)?, (1, 2));
    queue.send_timeout(b"c", 3, SOON)?;
    assert_eq!(queue.receive_timeout(&mut buffer, SOON)?, (1, 3));
    queue.send_deadline(b"d", 4, in_time())?;
    assert_eq!(queue.receive_deadline(&mut buffer, in_time())?, (1, 4));
    queue.send_deadline(b"e", 5, by_the_clock())?;
    assert_eq!(queue.receive_deadline(&mut buffer, by_the_clock())?, (1, 5));
    assert_eq!(queue.attempt_send(b"f", 6)?, Some(()));
    assert_eq!(queue.attempt_receive(&mut buffer)?, Some((1, 6)));
    queue.send_interruptible(b"g", PRIORITY_MAX, Deadline::Never)?;
    assert_eq!(queue.receive_interruptible(&mut buffer, Deadline::Now)?, (1, PRIORITY_MAX));
    queue.set_busy_poll(SOON);
    assert_eq!(queue.spin_send(b"h", 8, Deadline::Never)?, Some(()));
    assert_eq!(queue.spin_receive(&mut buffer, Deadline::Never)?, Some((1, 8)));
    queue.set_busy_poll(Duration::ZERO);
    assert_eq!(queue.busy_poll(), Duration::ZERO);
    assert_eq!(buffer[0], b'h');

    queue.send(b"i", 0)?;
    assert_eq!(queue.receive_uninit(&mut uninit, Deadline::Never)?.0, b"i");
    queue.send(b"k", 0)?;
    assert_eq!(queue.receive_uninit(&mut uninit, SOON)?.0, b"k");
    queue.send(b"l", 0)?;
    assert_eq!(queue.receive_uninit(&mut uninit, in_time())?.0, b"l");
    queue.send(b"m", 0)?;
    assert_eq!(queue.receive_uninit(&mut uninit, by_the_clock())?.0, b"m");
    queue.send(b"n", 0)?;
    let received = queue.attempt_receive_uninit(&mut uninit)?;
    assert_eq!(received.map(|(message, _)| &message[0]), Some(&b'n'));

    let message = Message { data: b"o".to_vec(), priority: 9 };
    queue.send(&message.data, message.priority)?;
    assert_eq!(queue.receive_message()?, message);
    queue.send(b"p", 0)?;
    assert_eq!(queue.try_receive_message()?.data, b"p");
    queue.send(b"q", 0)?;
    assert_eq!(queue.receive_message_timeout(SOON)?.data, b"q");
    queue.send(b"r", 0)?;
    assert_eq!(queue.receive_message_deadline(in_time())?.data, b"r");
    queue.send(b"s", 0)?;
    assert_eq!(queue.receive_message_deadline(by_the_clock())?.data, b"s");
    Ok(())
}

#[test]
fn the_memory_of_a_message_is_used_again() -> Result<()> {
    let queue = small_queue()?;
    let mut message = Message::default();
    for text in [&b"a long one"[..], b"short"] {
        queue.send(text, 3)?;
        queue.receive_message_into(&mut message, SOON)?;
        assert_eq!((&message.data[..], message.priority), (text, 3));
    }
    Ok(())
}

#[test]
fn iterators_yield_results() -> Result<()> {
    let queue = small_queue()?;
    for priority in 0..3 {
        queue.send(b"job", priority)?;
    }
    let first = queue.iter().next().transpose()?;
    assert_eq!(first.map(|message| message.priority), Some(2));
    let rest = queue.try_iter().collect::<Result<Vec<Message>>>()?;
    assert_eq!(rest.iter().map(|message| message.priority).collect::<Vec<_>>(), [1, 0]);
    let sender = queue.reopen_with(posix_mqueue::OpenOptions::new().write(true))?;
    assert_eq!(sender.iter().map(|message| message.is_err()).collect::<Vec<_>>(), [true]);
    Ok(())
}

#[test]
fn invalid_messages_are_rejected_before_sending() -> Result<()> {
    let queue = small_queue()?;
    assert_eq!(queue.check_length(65).unwrap_err().raw_os_error(), 90); // EMSGSIZE
    assert_eq!(queue.check_priority(PRIORITY_MAX + 1).unwrap_err().raw_os_error(), 22); // EINVAL
    queue.check_length(64)?;
    queue.check_priority(PRIORITY_MAX)?;
    assert_eq!(queue.send(&[0; 65], 0).unwrap_err().raw_os_error(), 90);
    assert_eq!(queue.receive(&mut [0; 63]).unwrap_err().raw_os_error(), 90);
    assert_eq!(queue.attributes()?.messages, 0);
    Ok(())
}

#[test]
fn a_wait_ends_at_its_deadline() -> Result<()> {
    let queue = small_queue()?;
    let deadline = Deadline::from(Duration::from_millis(2));
    let error = queue.receive_interruptible(&mut [0; 64], deadline).unwrap_err();
    assert!(error.is_timed_out() && deadline.is_elapsed());
    assert_eq!(deadline.remaining(), Some(Duration::ZERO));
    assert!(queue.wait_readable(Duration::from_millis(1)).is_err_and(|error| error.is_timed_out()));
    queue.wait_writable(Deadline::Never)?;
    let instant = Instant::now();
    assert_eq!(Deadline::from(instant), Deadline::Monotonic(instant));
    let time = SystemTime::now();
    assert_eq!(Deadline::from(time), Deadline::Realtime(time));
    assert_eq!(Deadline::from(Duration::ZERO), Deadline::Now);
    let second = Duration::from_secs(1);
    assert!(
        matches!(Deadline::from(second), Deadline::Within { timeout, .. } if timeout == second)
    );
    Ok(())
}

#[test]
fn shutdown_wakes_a_waiting_thread() -> Result<()> {
    let queue = small_queue()?;
    let error = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| queue.receive_message());
        queue.shutdown();
        waiting.join().map(|outcome| outcome.unwrap_err().raw_os_error())
    });
    assert_eq!(error.ok(), Some(9)); // EBADF
    Ok(())
}

#[test]
fn program_errors_equal_library_errors() -> Result<()> {
    use posix_mqueue::Error;
    let queue = small_queue()?;
    let same = queue.try_receive_message().unwrap_err();
    let ours = Error::would_block("mq_timedreceive");
    assert!(ours.is_would_block() && same.is_would_block());
    assert_eq!(ours.message(), same.message());
    let timeout = Duration::from_millis(1);
    let same = queue.receive_message_timeout(timeout).unwrap_err();
    let ours = Error::timed_out("mq_timedreceive", timeout).with_name("/jobs".as_ref());
    assert_eq!(ours.message(), same.message());
    assert_eq!(ours.to_string(), "mq_timedreceive \"/jobs\": no message within 0.001 s");
    let ours = Error::closed("mq_send", Some("/jobs".as_ref()));
    assert_eq!(ours.explanation(), Some("the queue is closed"));
    Ok(())
}
