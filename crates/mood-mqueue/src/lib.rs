//! The border between Python and `posix-mqueue`: signatures, one call each, and no decisions.

mod adopt;
mod block;
mod buffer;
mod callback;
mod entry;
mod errors;
mod exit;
mod methods;
mod module;
mod name;
mod payload;
mod queue;
mod scratch;
mod seconds;
mod transfer;
mod unsigned;
mod values;
mod whole;

/// POSIX message queues (Linux). Use `mood.mqueue`.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::adopt::open_pickled;
    #[pymodule_export]
    use crate::module::{limits, list_queues, unlink};
    #[pymodule_export]
    use crate::queue::MessageQueue;

    /// All that is made once is made here, not at its first use: a child that is forked meanwhile
    /// by another thread would wait for ever for what nobody finishes.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let py = module.py();
        posix_mqueue::prepare_for_fork();
        crate::buffer::every_second_of_none(py)?;
        crate::callback::prepare(py)?;
        crate::entry::prepare(py)?;
        crate::errors::prepare(py)?;
        crate::exit::prepare(py)?;
        crate::name::fspath(py)?;
        crate::values::message(py)?;
        for function in ["limits", "list_queues", "unlink"] {
            module.getattr(function)?.setattr("__module__", "mood.mqueue")?;
        }
        module.add("PRIORITY_MAX", posix_mqueue::PRIORITY_MAX)?;
        module.add("LimitError", crate::errors::limit_error(py)?)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
