//! Every call that sends or receives, in every form, does the same but for how long it waits.

#![allow(clippy::unwrap_used)]

mod fixture;
mod forms;

use std::ffi::c_long;
use std::time::{Duration, Instant, SystemTime};

use fixture::{PATIENCE, QueueWithUniqueName, asleep_in, in_time, queue_with_unique_name};
use forms::{Form, TARGETS, Target, far_off, over, receive, send, within};
use posix_mqueue::{Error, Message, PRIORITY_MAX};

const SOON: Duration = Duration::from_millis(20);

fn every_form() -> Vec<Form> {
    [&far_off()[..], &over(), &[Form::Try]].concat()
}

/// Every way to receive, by each of these forms.
fn receiving(forms: &[Form]) -> Vec<(Target, Form)> {
    TARGETS.iter().flat_map(|target| forms.iter().map(|form| (*target, *form))).collect()
}

fn full() -> QueueWithUniqueName {
    let queue = queue_with_unique_name();
    queue.fill();
    queue
}

/// The error that a call on the queue gives, and it does not wait.
fn error_in_time<T: Send + 'static>(
    queue: &QueueWithUniqueName,
    call: impl FnOnce(&posix_mqueue::MessageQueue) -> Result<T, Error> + Send + 'static,
) -> Error {
    let shared = queue.share();
    in_time(move || call(&shared).map(drop)).unwrap().unwrap_err()
}

#[test]
fn every_form_sends_where_there_is_room() {
    let queue = queue_with_unique_name();
    for form in every_form() {
        send(&queue, form, b"there", 4).unwrap();
        let message = Message { data: b"there".to_vec(), priority: 4 };
        assert_eq!(queue.try_receive_message().unwrap(), message, "{form:?}");
    }
}

#[test]
fn every_form_receives_what_is_there() {
    let queue = queue_with_unique_name();
    for (target, form) in receiving(&every_form()) {
        for data in [&b"there"[..], b"", &[7; 64]] {
            queue.try_send(data, PRIORITY_MAX).unwrap();
            let message = Message { data: data.to_vec(), priority: PRIORITY_MAX };
            assert_eq!(receive(&queue, target, form).unwrap(), message, "{target:?} {form:?}");
        }
    }
}

#[test]
fn a_send_that_need_not_wait_long_gives_up_on_a_full_queue() {
    let queue = full();
    for form in over().into_iter().chain([Form::Try]) {
        let error = error_in_time(&queue, move |queue| send(queue, form, b"x", 0));
        assert_eq!(error.raw_os_error(), form.gives_up_with(None), "{form:?}");
        assert_eq!(error.call(), "mq_timedsend");
        assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
    }
    assert_eq!(queue.attributes().unwrap().messages, 4);
}

#[test]
fn a_receive_that_need_not_wait_long_gives_up_on_an_empty_queue() {
    let queue = queue_with_unique_name();
    for (target, form) in receiving(&[&over()[..], &[Form::Try]].concat()) {
        let error = error_in_time(&queue, move |queue| receive(queue, target, form));
        let errno = form.gives_up_with(Some(target));
        assert_eq!(error.raw_os_error(), errno, "{target:?} {form:?}");
        assert_eq!(error.call(), "mq_timedreceive");
        assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
    }
}

/// Whether a form that waits for `SOON` from `start` on may be over.
fn may_be_over(form: Form, start: Instant) -> bool {
    match form {
        Form::Deadline(deadline) => Instant::now() >= deadline,
        Form::Until(time) => SystemTime::now() >= time,
        _ => start.elapsed() >= SOON,
    }
}

#[test]
fn no_send_gives_up_early() {
    let queue = full();
    for number in 0..3 {
        let (start, form) = (Instant::now(), within(SOON)[number]);
        let error = send(&queue, form, b"x", 0).unwrap_err();
        assert!(may_be_over(form, start), "{form:?}");
        assert_eq!(error.raw_os_error(), libc::ETIMEDOUT);
    }
}

#[test]
fn no_receive_gives_up_early() {
    let queue = queue_with_unique_name();
    for target in TARGETS {
        for number in 0..3 {
            let (start, form) = (Instant::now(), within(SOON)[number]);
            let error = receive(&queue, target, form).unwrap_err();
            assert!(may_be_over(form, start), "{target:?} {form:?}");
            assert_eq!(error.raw_os_error(), libc::ETIMEDOUT);
        }
    }
}

/// The call that a form sleeps in: the one that follows the wall clock only where it may.
fn sleeps_in(form: Form, own: c_long) -> c_long {
    match form {
        Form::Timeout(timeout) if timeout != Duration::MAX => libc::SYS_ppoll,
        Form::Deadline(_) => libc::SYS_ppoll,
        _ => own,
    }
}

#[test]
fn every_send_that_waits_uses_room_that_comes() {
    for form in far_off() {
        let queue = full();
        let shared = queue.share();
        let sent = asleep_in(sleeps_in(form, libc::SYS_mq_timedsend), move || {
            send(&shared, form, b"in time", 1)
        });
        assert_eq!(queue.try_receive_message().unwrap().data, b"fill");
        sent.recv_timeout(PATIENCE).unwrap().unwrap();
        assert_eq!(queue.try_receive_message().unwrap().data, b"in time", "{form:?}");
    }
}

#[test]
fn every_receive_that_waits_takes_what_comes() {
    for (target, form) in receiving(&far_off()) {
        let queue = queue_with_unique_name();
        let shared = queue.share();
        let received = asleep_in(sleeps_in(form, libc::SYS_mq_timedreceive), move || {
            receive(&shared, target, form)
        });
        queue.try_send(b"came", 2).unwrap();
        let message = received.recv_timeout(PATIENCE).unwrap().unwrap();
        assert_eq!((&message.data[..], message.priority), (&b"came"[..], 2), "{target:?} {form:?}");
    }
}

#[test]
fn no_form_waits_on_a_nonblocking_descriptor() {
    let (empty, full) = (queue_with_unique_name(), full());
    empty.set_nonblocking(true).unwrap();
    full.set_nonblocking(true).unwrap();
    for form in every_form() {
        let error = error_in_time(&full, move |queue| send(queue, form, b"x", 0));
        assert_eq!(error.raw_os_error(), libc::EAGAIN, "{form:?}");
    }
    for (target, form) in receiving(&every_form()) {
        let error = error_in_time(&empty, move |queue| receive(queue, target, form));
        assert_eq!(error.raw_os_error(), libc::EAGAIN, "{target:?} {form:?}");
    }
}

#[test]
fn every_form_refuses_a_bad_message_before_it_waits() {
    let queue = full();
    for form in every_form() {
        let error = error_in_time(&queue, move |queue| send(queue, form, &[0; 65], 0));
        assert_eq!(error.raw_os_error(), libc::EMSGSIZE, "{form:?}");
        let error = error_in_time(&queue, move |queue| send(queue, form, b"x", PRIORITY_MAX + 1));
        assert_eq!(error.raw_os_error(), libc::EINVAL, "{form:?}");
    }
}

#[test]
fn every_form_refuses_too_small_a_buffer_before_it_takes_anything() {
    let queue = queue_with_unique_name();
    for messages in 0..2 {
        for (form, size) in every_form().into_iter().flat_map(|form| [(form, 63), (form, 0)]) {
            for receive in [forms::receive_slice, forms::receive_uninit] {
                let error = error_in_time(&queue, move |queue| receive(queue, form, size));
                assert_eq!(error.raw_os_error(), libc::EMSGSIZE, "{form:?}");
            }
        }
        assert_eq!(queue.attributes().unwrap().messages, messages);
        queue.send(b"x", 0).unwrap();
    }
}

#[test]
fn after_a_shutdown_only_what_never_waits_goes_on() {
    let queue = queue_with_unique_name();
    queue.send(b"there", 0).unwrap();
    queue.shutdown();
    for form in [&far_off()[..], &over()].concat() {
        let error = error_in_time(&queue, move |queue| send(queue, form, b"x", 0));
        assert_eq!(error.raw_os_error(), libc::EBADF, "{form:?}");
        for target in TARGETS {
            let error = error_in_time(&queue, move |queue| receive(queue, target, form));
            assert_eq!(error.raw_os_error(), libc::EBADF, "{target:?} {form:?}");
        }
    }
    for target in TARGETS.into_iter().filter(|target| *target != Target::Again) {
        send(&queue, Form::Try, b"x", 0).unwrap();
        receive(&queue, target, Form::Try).unwrap();
    }
    assert_eq!(queue.attributes().unwrap().messages, 1);
}
