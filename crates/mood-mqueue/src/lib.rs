//! The border between Python and `posix-mqueue`: signatures, one call each, and no decisions.

mod calls;
mod convert;
mod errors;
mod ffi;
mod methods;
mod module;
mod queue;

use pyo3::prelude::*;

use crate::calls::{blocking, notify, pickle};
use crate::convert::{name, namedtuples};
use crate::ffi::{attach, bytes};
use crate::methods::fast_path;
use crate::queue::atexit;

/// POSIX message queues (Linux). Use `mood.mqueue`.
///
/// Everything that is created once is created here and not at its first use. A child that another
/// thread forks during a first use would wait for ever: in the child nobody finishes it.
#[pyo3::pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    // This check comes first, since the objects that are created once belong to one interpreter.
    // CPython 3.11 does not ask a module whether it supports subinterpreters, and later versions do
    // not ask it for subinterpreters that share the GIL.
    if !attach::is_main_interpreter(py) {
        return Err(errors::subinterpreter());
    }
    posix_mqueue::prepare_for_fork();
    // PyO3 has to be called once without being attached, too.
    blocking::without_gil(py, || attach::try_attach(|_| ()));
    module.add_class::<queue::MessageQueue>()?;
    bytes::empty_step_slice(py)?;
    notify::prepare(py)?;
    fast_path::install(py)?;
    errors::prepare(py)?;
    atexit::register(py)?;
    name::fspath(py)?;
    namedtuples::message(py)?;
    module.add_function(wrap_pyfunction!(pickle::open_pickled, module)?)?;
    for function in [
        wrap_pyfunction!(module::limits, module)?,
        wrap_pyfunction!(module::list_queues, module)?,
        wrap_pyfunction!(module::unlink, module)?,
    ] {
        function.setattr("__module__", "mood.mqueue")?;
        module.add_function(function)?;
    }
    module.add("PRIORITY_MAX", posix_mqueue::PRIORITY_MAX)?;
    module.add("LimitError", errors::limit_error(py)?)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
