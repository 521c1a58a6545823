//! Whether everything is there that the routes need.

use crate::broker::{Provision, connect_to_any};
use crate::config::Config;
use crate::error::{Error, Result};

/// Connects once, and sees whether everything is there that the routes need: `--check`.
///
/// # Errors
///
/// All that is missing, a line each.
pub async fn check(config: &Config) -> Result<()> {
    let session = connect_to_any(&config.server, "mqrelay --check").await?;
    let provision = Provision::new(config);
    let mut missing = Vec::new();
    for route in &config.out {
        if let Err(error) = provision.out(&session, route).await {
            missing.push(error.within(format!("route out.{}", route.name)).to_string());
        }
    }
    for route in &config.inward {
        if let Err(error) = provision.inward(&session, route).await {
            missing.push(error.within(format!("route in.{}", route.name)).to_string());
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(Error::new(missing.join("\n"))) }
}
