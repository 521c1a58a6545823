//! The border between Python and `posix-mqueue`: signatures, one call each, and no decisions.

mod block;
mod buffer;
mod callback;
mod errors;
mod module;
mod name;
mod queue;
mod timeout;
mod transfer;

/// POSIX message queues (Linux). Use `mood.mqueue`.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::module::unlink;
    #[pymodule_export]
    use crate::queue::MessageQueue;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::buffer::every_second_of_none(module.py())?;
        module.getattr("unlink")?.setattr("__module__", "mood.mqueue")?;
        module.add("LimitError", crate::errors::limit_error(module.py())?)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
