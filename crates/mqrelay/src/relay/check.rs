//! Whether everything is there that the routes need.

use crate::broker::{Provisioner, connect_to_any};
use crate::config::Config;
use crate::error::{Error, Result};

/// Connects once, and sees whether everything is there that the routes need: `--check`.
///
/// # Errors
///
/// All that is missing, a line each.
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
