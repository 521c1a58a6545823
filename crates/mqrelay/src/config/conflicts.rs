//! Which routes cannot be together.

use std::collections::BTreeSet;

use super::route::{InboundRoute, OutboundRoute};
use super::subject::covers;
use crate::error::{Error, Result};

/// No two routes may have a directory, a queue to take from, or a consumer in common, or carry the
/// same messages round and round.
pub(super) fn check(outbound: &[OutboundRoute], inbound: &[InboundRoute]) -> Result<()> {
    let mut seen = BTreeSet::new();
    let mut once = |route: String, what: String| {
        let clash = Error::new(format!("another route has {what} already")).context(route);
        if seen.insert(what) { Ok(()) } else { Err(clash) }
    };
    for route in outbound {
        let location = format!("route out.{}", route.name);
        once(location.clone(), format!("the name out.{}", route.name))?;
        once(location, format!("the queue {:?} to take from", route.queue))?;
    }
    for route in inbound {
        let location = format!("route in.{}", route.name);
        once(location.clone(), format!("the name in.{}", route.name))?;
        once(location, format!("the consumer {} of stream {}", route.consumer, route.stream))?;
    }
    for (from, to) in outbound.iter().flat_map(|from| inbound.iter().map(move |to| (from, to))) {
        let is_back = to.subject.is_empty() || covers(&to.subject, &from.subject);
        if from.queue == to.queue && from.stream == to.stream && is_back {
            let words =
                format!("it would bring back to {:?} what out.{} takes", to.queue, from.name);
            return Err(Error::new(words).context(format!("route in.{}", to.name)));
        }
    }
    Ok(())
}
