//! The fast path into the four methods that send or receive one message.
//!
//! PyO3 needs about as long to bind the arguments of a call as everything else outside the kernel
//! takes. So CPython enters these methods without PyO3 if the arguments are plain values, by position
//! or by name. For other arguments they call the method that PyO3 has made, which converts them or
//! raises.

use std::ffi::CString;
use std::time::Duration;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyFloat, PyInt, PyString};

use crate::calls::{byte_io, message_io};
use crate::convert::timeout::{Seconds, Timeout};
use crate::errors;
use crate::ffi::fastcall::{self, Arguments, FastMethod};
use crate::queue::MessageQueue;

/// A method with a fast path.
trait FastPath {
    const NAME: &'static str;

    /// The method that PyO3 has made.
    fn slow_path() -> &'static PyOnceLock<Py<PyAny>>;

    /// Returns None, and does nothing, if the arguments are not plain values.
    fn try_call<'py>(
        py: Python<'py>,
        queue: &MessageQueue,
        arguments: &Arguments<'_, 'py>,
    ) -> Option<PyResult<Bound<'py, PyAny>>>;
}

macro_rules! method {
    ($method:ident, $name:literal, |$py:ident, $queue:ident, $arguments:ident| $call:expr) => {
        struct $method;

        impl FastPath for $method {
            const NAME: &'static str = $name;

            fn slow_path() -> &'static PyOnceLock<Py<PyAny>> {
                static SLOW_PATH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
                &SLOW_PATH
            }

            #[inline(always)]
            fn try_call<'py>(
                $py: Python<'py>,
                $queue: &MessageQueue,
                $arguments: &Arguments<'_, 'py>,
            ) -> Option<PyResult<Bound<'py, PyAny>>> {
                $call
            }
        }
    };
}

method!(Send, "send", |_py, queue, arguments| {
    let (message, priority, timeout) = bind_send_arguments(arguments)?;
    Some(byte_io::send(queue, message, priority, timeout))
});
method!(SendMessage, "send_message", |py, queue, arguments| {
    let (message, priority, timeout) = bind_send_arguments(arguments)?;
    let sent = message_io::send_message(queue, message, priority, timeout);
    Some(sent.map(|()| py.None().into_bound(py)))
});
method!(Receive, "receive", |py, queue, arguments| {
    let [timeout] = bind_arguments(arguments, |[_, _, timeout]| [timeout])?;
    let received = byte_io::receive(py, queue, bind_timeout(timeout)?);
    Some(received.map(Bound::into_any).map_err(PyErr::from))
});
method!(ReceiveMessage, "receive_message", |py, queue, arguments| {
    let [timeout] = bind_arguments(arguments, |[_, _, timeout]| [timeout])?;
    Some(message_io::receive_message(py, queue, bind_timeout(timeout)?))
});

/// Replaces the methods that PyO3 has made, and keeps their signatures and documentation.
pub(crate) fn install(py: Python<'_>) -> PyResult<()> {
    argument_names(py);
    install_method::<Send>(py)?;
    install_method::<SendMessage>(py)?;
    install_method::<Receive>(py)?;
    install_method::<ReceiveMessage>(py)
}

fn install_method<M: FastPath>(py: Python<'_>) -> PyResult<()> {
    let class = py.get_type::<MessageQueue>();
    let slow_path = class.getattr(M::NAME)?;
    let text = |attribute| slow_path.getattr(attribute)?.extract::<String>();
    // CPython splits signature and documentation at this separator.
    let doc = format!("{}{}\n--\n\n{}", M::NAME, text("__text_signature__")?, text("__doc__")?);
    let method = fastcall::new_method::<M>(py, CString::new(M::NAME)?, CString::new(doc)?)?;
    // It is not set yet, since there is only one import.
    let _ = M::slow_path().set(py, slow_path.unbind());
    class.setattr(M::NAME, method)
}

impl<M: FastPath> FastMethod for M {
    type Class = MessageQueue;

    #[inline(always)]
    fn call<'py>(
        object: &Bound<'py, MessageQueue>,
        arguments: &Arguments<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let usual = M::try_call(object.py(), object.get(), arguments);
        usual.unwrap_or_else(|| run_slow_path::<M>(object, arguments))
    }
}

#[cold]
fn run_slow_path<'py, M: FastPath>(
    object: &Bound<'py, MessageQueue>,
    arguments: &Arguments<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let slow_path = M::slow_path().get(object.py()).ok_or_else(errors::not_imported)?;
    arguments.pass_to(slow_path.bind(object.py()), object.as_any())
}

/// Interned, so that each is the same object as in a call in source code.
fn argument_names(py: Python<'_>) -> [&Bound<'_, PyString>; 3] {
    [intern!(py, "message"), intern!(py, "priority"), intern!(py, "timeout")]
}

/// Returns the values in the order of these names.
#[inline(always)]
fn bind_arguments<'a, 'py, const N: usize>(
    arguments: &'a Arguments<'_, 'py>,
    chosen: impl FnOnce([&'a Bound<'py, PyString>; 3]) -> [&'a Bound<'py, PyString>; N],
) -> Option<[Option<&'a Bound<'py, PyAny>>; N]> {
    let mut values = [None; N];
    let by_name = arguments.names.as_ref().map_or(0, |names| names.len());
    let (by_position, by_name) =
        arguments.values.split_at_checked(arguments.values.len().checked_sub(by_name)?)?;
    if by_position.len() > N {
        return None;
    }
    for (place, value) in values.iter_mut().zip(by_position) {
        *place = Some(&**value);
    }
    if let Some(names_given) = &arguments.names {
        let chosen = chosen(argument_names(names_given.py()));
        for (name, value) in names_given.iter_borrowed().zip(by_name) {
            let place = chosen.iter().position(|known| known.is(name))?;
            if values.get_mut(place)?.replace(&**value).is_some() {
                return None;
            }
        }
    }
    Some(values)
}

#[inline(always)]
fn bind_send_arguments<'a, 'py>(
    arguments: &'a Arguments<'_, 'py>,
) -> Option<(&'a Bound<'py, PyAny>, u32, Timeout)> {
    let [message, priority, timeout] = bind_arguments(arguments, |names| names)?;
    let priority = match priority {
        None => 0,
        Some(int) if int.is_exact_instance_of::<PyInt>() => int.extract().ok()?,
        Some(_) => return None,
    };
    Some((message?, priority, bind_timeout(timeout)?))
}

#[inline(always)]
fn bind_timeout(timeout: Option<&Bound<'_, PyAny>>) -> Option<Timeout> {
    let Some(timeout) = timeout.filter(|timeout| !timeout.is_none()) else {
        return Some(Timeout(None));
    };
    if timeout.is_exact_instance_of::<PyInt>() {
        // Python would make a float of it first.
        let seconds = u64::try_from(timeout.extract::<i64>().ok()?).ok()?;
        Some(Timeout(Some(Duration::from_secs(seconds))))
    } else if timeout.is_exact_instance_of::<PyFloat>() {
        let Seconds(time) = timeout.extract().ok()?;
        Some(Timeout(Some(time)))
    } else {
        None
    }
}
