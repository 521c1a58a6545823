//! CPython's C interface. All `unsafe` of this crate is here; nothing here knows of queues.

#![allow(unsafe_code)]

pub(crate) mod attach;
pub(crate) mod buffer_view;
pub(crate) mod bytes;
pub(crate) mod descriptor;
pub(crate) mod fastcall;
pub(crate) mod path;
pub(crate) mod receive;
pub(crate) mod tuple;
