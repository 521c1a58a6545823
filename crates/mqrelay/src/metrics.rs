//! Counters, current problems, and the HTTP server that reports them.

pub(crate) use counters::Counters;
pub(crate) use http::bind;
pub(crate) use registry::Metrics;

mod counters;
mod http;
mod prometheus;
mod registry;
