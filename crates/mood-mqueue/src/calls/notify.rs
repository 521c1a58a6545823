//! `notify()`: its argument, and the thread that each callback is run in.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use posix_mqueue::{Claim, Event, MessageQueue as Queue, Notification};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyInt, PyWeakrefMethods, PyWeakrefReference};

use crate::errors;
use crate::ffi::attach;
use crate::queue::MessageQueue;

/// The signals of Linux: 1 to `_NSIG`.
const SIGNALS: std::ops::RangeInclusive<i32> = 1..=64;

/// `notify()` and `notify(None)` differ.
pub(crate) enum NotifyArgument<'py> {
    Absent,
    Given(Bound<'py, PyAny>),
}

impl<'py> FromPyObject<'_, 'py> for NotifyArgument<'py> {
    type Error = PyErr;
    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self::Given(object.to_owned()))
    }
}

pub(crate) fn notify(
    this: &Bound<'_, MessageQueue>,
    open: &Queue,
    argument: NotifyArgument<'_>,
) -> PyResult<()> {
    let py = this.py();
    let outcome = match argument {
        NotifyArgument::Absent => open.cancel_notification(),
        NotifyArgument::Given(how) if how.is_none() => open.notify(Notification::Silent),
        // True is a 1 that nobody means: SIGHUP, which ends most programs.
        NotifyArgument::Given(how) if how.is_instance_of::<PyBool>() => {
            return Err(errors::not_a_notification(&how));
        }
        NotifyArgument::Given(how) if how.is_instance_of::<PyInt>() => {
            // What no C int holds is no signal either.
            let number = how.extract().ok().filter(|number| SIGNALS.contains(number));
            let number = number.ok_or_else(errors::signal_out_of_range)?;
            open.notify(Notification::Signal { number, value: 0 })
        }
        NotifyArgument::Given(how) if how.is_callable() => return register(this, open, &how),
        NotifyArgument::Given(how) => return Err(errors::not_a_notification(&how)),
    };
    outcome.map_err(|error| errors::raise(py, &error))
}

fn register(
    this: &Bound<'_, MessageQueue>,
    open: &Queue,
    callback: &Bound<'_, PyAny>,
) -> PyResult<()> {
    static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);
    let py = this.py();
    let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
    let queue = PyWeakrefReference::new(this.as_any())?.unbind();
    let callbacks = &this.get().callbacks;
    callbacks.insert(number, callback.clone().unbind());
    let on_event: posix_mqueue::Callback = Box::new(move |event| {
        // None while the interpreter shuts down: then callbacks stop quietly.
        attach::try_attach(move |py| {
            // Dropped in here, too: to drop a reference without the GIL takes a lock, which a child
            // that is forked just then would find locked for ever.
            let queue = queue.into_bound(py);
            if let Some(queue) = queue.upgrade_as::<MessageQueue>().ok().flatten() {
                on_registration_end(&queue, number, event);
            }
        });
    });
    open.notify(Notification::Callback(on_event)).map_err(|error| {
        callbacks.take(number);
        errors::raise(py, &error)
    })
}

/// On the dispatcher thread. The callback gets a thread that Python itself starts, so that no
/// frame of ours is under it when the interpreter shuts down and takes its threads away.
fn on_registration_end(queue: &Bound<'_, MessageQueue>, number: u64, event: Event) {
    let py = queue.py();
    let Event::Arrived(claim) = event else {
        drop(queue.get().callbacks.take(number));
        return;
    };
    let pending =
        PendingCallback { queue: queue.clone().unbind(), number, claim: Mutex::new(Some(claim)) };
    let started = thread_starter(py).and_then(|(start, run_callback)| {
        start.bind(py).call1((run_callback.bind(py), (pending, queue)))
    });
    if let Err(error) = started {
        let callback = queue.get().callbacks.take(number);
        if !is_shutdown(py, &error) {
            error.write_unraisable(py, callback.as_ref().map(|callback| callback.bind(py)));
        }
    }
}

/// Makes what callbacks need when the module is imported: were it made at the first one, another
/// thread might fork meanwhile, and its child wait for ever for what nobody finishes.
pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    py.get_type::<PendingCallback>();
    thread_starter(py).map(drop)
}

/// `_thread.start_new_thread`, and what it is to run.
fn thread_starter(py: Python<'_>) -> PyResult<&(Py<PyAny>, Py<PyAny>)> {
    static THREAD_STARTER: PyOnceLock<(Py<PyAny>, Py<PyAny>)> = PyOnceLock::new();
    THREAD_STARTER.get_or_try_init(py, || {
        let start = py.import("_thread")?.getattr("start_new_thread")?;
        let run_callback = py.import("mood.mqueue._callback_thread")?.getattr("run_callback")?;
        Ok((start.unbind(), run_callback.unbind()))
    })
}

/// Whether no thread was started because the interpreter shuts down.
///
/// CPython refuses new threads from the beginning of its end, before it says so in
/// `sys.is_finalizing()`; then its words are what tells this from want of threads.
fn is_shutdown(py: Python<'_>, error: &PyErr) -> bool {
    let words = error.value(py).str().is_ok_and(|s| s.to_string_lossy().contains("shutdown"));
    let asked = py.import("sys").and_then(|sys| sys.call_method0("is_finalizing"));
    words || asked.and_then(|answer| answer.extract()).unwrap_or(true)
}

/// A notification on its way to its callback.
#[pyclass(frozen, module = "mood.mqueue._native")]
pub(crate) struct PendingCallback {
    queue: Py<MessageQueue>,
    number: u64,
    claim: Mutex<Option<Claim>>,
}

#[pymethods]
impl PendingCallback {
    /// The callback, out of its slot, so that it may register again; None if `notify()` or
    /// `close()` came first. It can be had once.
    #[getter]
    fn callback(&self) -> PyResult<Option<Py<PyAny>>> {
        let claim = self.claim.lock().unwrap_or_else(PoisonError::into_inner).take();
        let claim = claim.ok_or_else(errors::callback_taken)?;
        let callback = self.queue.get().callbacks.take(self.number);
        Ok(callback.filter(|_| claim.take()))
    }
}
