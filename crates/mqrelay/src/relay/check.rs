//! Checks that everything the routes need exists.

use crate::broker::{Provisioner, connect_to_any};
use crate::config::Config;
use crate::error::{Error, Result};

/// Connects once and ensures the streams and consumers of all routes, as `--check` does.
///
/// # Errors
///
/// If no server accepts the connection, or anything is missing; one line per missing object.
pub async fn check(config: &Config) -> Result<()> {
    let session = connect_to_any(&config.server, "mqrelay --check").await?;
    let provisioner = Provisioner::new(config);
    let mut missing = Vec::new();
    for route in &config.outbound {
        if let Err(error) = provisioner.ensure_outbound(&session, route).await {
            missing.push(error.context(format!("route out.{}", route.name)).to_string());
        }
    }
    for route in &config.inbound {
        if let Err(error) = provisioner.ensure_inbound(&session, route).await {
            missing.push(error.context(format!("route in.{}", route.name)).to_string());
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(Error::new(missing.join("\n"))) }
}
