//! What a relay counts, and how Prometheus reads it.

pub(crate) use counters::Counters;
pub(crate) use http::bind;
pub(crate) use registry::Metrics;

mod counters;
mod http;
mod prometheus;
mod registry;
