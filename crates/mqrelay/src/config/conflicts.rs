//! Routes that exclude each other.

use std::collections::BTreeSet;

use super::route::{InboundRoute, OutboundRoute};
use super::subject::covers;
use crate::error::{Error, Result};

/// Checks that no two routes share a name, a source queue or a consumer, and that none returns a
/// message to the queue it came from.
pub(super) fn check(outbound: &[OutboundRoute], inbound: &[InboundRoute]) -> Result<()> {
    let mut seen = BTreeSet::new();
    let mut claim = |route: String, resource: String| {
        let conflict = Error::new(format!("another route already has {resource}")).context(route);
        if seen.insert(resource) { Ok(()) } else { Err(conflict) }
    };
    for route in outbound {
        let location = format!("route out.{}", route.name);
        claim(location.clone(), format!("the name out.{}", route.name))?;
        claim(location, format!("the queue {:?}", route.queue))?;
    }
    for route in inbound {
        let location = format!("route in.{}", route.name);
        claim(location.clone(), format!("the name in.{}", route.name))?;
        claim(location, format!("the consumer {} of stream {}", route.consumer, route.stream))?;
    }
    for (from, to) in outbound.iter().flat_map(|from| inbound.iter().map(move |to| (from, to))) {
        let is_loop = to.subject.is_empty() || covers(&to.subject, &from.subject);
        if from.queue == to.queue && from.stream == to.stream && is_loop {
            let message =
                format!("it would return messages of route out.{} to {:?}", from.name, to.queue);
            return Err(Error::new(message).context(format!("route in.{}", to.name)));
        }
    }
    Ok(())
}
