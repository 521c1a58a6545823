//! The methods that carry one message, by the shortest way in.
//!
//! To sort out the arguments of a call, PyO3 takes about as long as all the rest takes that is not
//! the kernel's. So these methods are entered without it where the arguments are what they usually
//! are: plain values, in order or by name. With any others the method is called that PyO3 has made,
//! which knows what to convert and what to raise.

use std::ffi::CString;
use std::time::Duration;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyFloat, PyInt, PyString};

use crate::calls::{transfer, whole};
use crate::convert::seconds::{Seconds, Timeout};
use crate::errors;
use crate::ffi::fastcall::{self, Arguments, FastMethod};
use crate::queue::MessageQueue;

/// One of these methods.
trait Method {
    const NAME: &'static str;

    /// The one that PyO3 has made.
    fn plain() -> &'static PyOnceLock<Py<PyAny>>;

    /// None if the arguments are not the usual ones; nothing is done then.
    fn try_call<'py>(
        py: Python<'py>,
        queue: &MessageQueue,
        arguments: &Arguments<'_, 'py>,
    ) -> Option<PyResult<Bound<'py, PyAny>>>;
}

macro_rules! method {
    ($method:ident, $name:literal, |$py:ident, $queue:ident, $arguments:ident| $call:expr) => {
        struct $method;

        impl Method for $method {
            const NAME: &'static str = $name;

            fn plain() -> &'static PyOnceLock<Py<PyAny>> {
                static PLAIN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
                &PLAIN
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
    let (message, priority, timeout) = to_send(arguments)?;
    Some(transfer::send(queue, message, priority, timeout))
});
method!(SendMessage, "send_message", |py, queue, arguments| {
    let (message, priority, timeout) = to_send(arguments)?;
    let sent = whole::send_message(queue, message, priority, timeout);
    Some(sent.map(|()| py.None().into_bound(py)))
});
method!(Receive, "receive", |py, queue, arguments| {
    let [timeout] = in_order(arguments, |[_, _, timeout]| [timeout])?;
    let received = transfer::receive(py, queue, timeout_of(timeout)?);
    Some(received.map(Bound::into_any).map_err(PyErr::from))
});
method!(ReceiveMessage, "receive_message", |py, queue, arguments| {
    let [timeout] = in_order(arguments, |[_, _, timeout]| [timeout])?;
    Some(whole::receive_message(py, queue, timeout_of(timeout)?))
});

/// Puts these methods in the place of those that PyO3 has made, with their signatures and
/// documentation.
pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    names(py);
    put::<Send>(py)?;
    put::<SendMessage>(py)?;
    put::<Receive>(py)?;
    put::<ReceiveMessage>(py)
}

fn put<M: Method>(py: Python<'_>) -> PyResult<()> {
    let class = py.get_type::<MessageQueue>();
    let plain = class.getattr(M::NAME)?;
    let text = |attribute| plain.getattr(attribute)?.extract::<String>();
    // As CPython takes the two apart.
    let doc = format!("{}{}\n--\n\n{}", M::NAME, text("__text_signature__")?, text("__doc__")?);
    let method = fastcall::method::<M>(py, CString::new(M::NAME)?, CString::new(doc)?)?;
    // Before it can be needed; there is only one import.
    let _ = M::plain().set(py, plain.unbind());
    class.setattr(M::NAME, method)
}

impl<M: Method> FastMethod for M {
    type Class = MessageQueue;

    #[inline(always)]
    fn call<'py>(
        object: &Bound<'py, MessageQueue>,
        arguments: &Arguments<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let usual = M::try_call(object.py(), object.get(), arguments);
        usual.unwrap_or_else(|| run_plain::<M>(object, arguments))
    }
}

#[cold]
fn run_plain<'py, M: Method>(
    object: &Bound<'py, MessageQueue>,
    arguments: &Arguments<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let plain = M::plain().get(object.py()).ok_or_else(errors::not_imported)?;
    arguments.pass_to(plain.bind(object.py()), object.as_any())
}

/// As they are in source code, where each is the same object.
fn names(py: Python<'_>) -> [&Bound<'_, PyString>; 3] {
    [intern!(py, "message"), intern!(py, "priority"), intern!(py, "timeout")]
}

/// The values in the order of these names.
#[inline(always)]
fn in_order<'a, 'py, const N: usize>(
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
        let chosen = chosen(names(names_given.py()));
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
fn to_send<'a, 'py>(
    arguments: &'a Arguments<'_, 'py>,
) -> Option<(&'a Bound<'py, PyAny>, u32, Timeout)> {
    let [message, priority, timeout] = in_order(arguments, |names| names)?;
    let priority = match priority {
        None => 0,
        Some(int) if int.is_exact_instance_of::<PyInt>() => int.extract().ok()?,
        Some(_) => return None,
    };
    Some((message?, priority, timeout_of(timeout)?))
}

#[inline(always)]
fn timeout_of(timeout: Option<&Bound<'_, PyAny>>) -> Option<Timeout> {
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
