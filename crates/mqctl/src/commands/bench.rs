//! `mqctl bench`

mod histogram;
mod json;
mod measure;
mod plot;
mod results;
mod svg;
mod svg_file;
mod table;

use std::path::PathBuf;
use std::time::Duration;

use posix_mqueue::Limits;

use crate::display::output;
use crate::display::progress::Progress;
use crate::failure::signals::Signals;
use crate::failure::{Failure, Outcome};
use crate::values::{duration, size};
use measure::Bench;
use results::Results;
use svg_file::SvgFile;

/// Measure the speed of message queues on this machine
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Size of the messages; can be given several times [default: 0, 64, 1K and 8K, limited by
    /// fs.mqueue.msgsize_max]
    #[arg(long, short = 's', value_name = "BYTES", value_parser = size::parse)]
    size: Vec<usize>,
    /// Measure for TIME, all sizes together
    #[arg(long, value_name = "TIME", default_value = "5", value_parser = duration::parse)]
    seconds: Duration,
    /// Spin for TIME before sleeping: lower latency, but uses CPU time
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration::parse)]
    busy_poll: Duration,
    /// Write the results to FILE as an SVG chart
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Measurements for each size:
  PAIRS/S        one thread sends a message and receives it: the cost of two calls
  STREAM/S       one thread sends, another receives; MIB/S is the same in bytes
  P50 to P99.9   percentiles of the round trip time between two threads: a request through one
                 queue, and the reply through another

Each measurement is repeated in 5 rounds, interleaved with the others, to spread the effect of
other load on the machine. The rates are the median of the rounds; the percentiles cover the round
trips of all rounds. The queues are created for the measurement and unlinked at once, so nothing
remains even if mqctl is killed.";

const DEFAULT_SIZES: [usize; 4] = [0, 64, 1 << 10, 8 << 10];
const ROUNDS: u32 = 5;

impl Args {
    pub(crate) fn run(self) -> Outcome {
        if self.seconds.is_zero() {
            return Err(Failure::usage("--seconds must be more than 0"));
        }
        let signals = Signals::watch(Vec::new())?;
        let limits = Limits::read()?;
        let bench = Bench { capacity: limits.max_capacity.min(10), busy_poll: self.busy_poll };
        let mut results = Results::empty(&sizes_to_measure(&self.size, limits.max_message_size));
        // Fail on an impossible size before the long measurement, not after it.
        for size_results in &results.sizes {
            bench.check_size(size_results.size)?;
        }
        let svg_file = self.svg.as_deref().map(SvgFile::open).transpose()?;
        measure(&bench, self.seconds, &signals, &mut results)?;
        if self.json {
            output::write_json(&json::value(&results))?;
        } else {
            table::build(&results).print()?;
            if output::is_terminal() {
                output::write(plot::render(&results).as_bytes())?;
            }
        }
        svg_file.map_or(Ok(()), |svg_file| svg_file.write(&svg::render(&results)))
    }
}

/// Runs every measurement of every size once in each round.
fn measure(bench: &Bench, time: Duration, signals: &Signals, results: &mut Results) -> Outcome {
    let turns = ROUNDS.saturating_mul(results.sizes.len().try_into().unwrap_or(u32::MAX));
    let slice = time / turns.saturating_mul(3);
    let mut progress = Progress::new("measurements done", Some(turns.into()));
    let mut turn = 0;
    for _ in 0..ROUNDS {
        for size_results in &mut results.sizes {
            size_results.pairs.push(bench.pairs(size_results.size, slice, signals)?);
            size_results.stream.push(bench.stream(size_results.size, slice, signals)?);
            bench.round_trips(size_results.size, slice, signals, &mut size_results.round_trips)?;
            signals.check()?;
            turn += 1;
            progress.show(turn);
        }
    }
    Ok(())
}

/// Requested sizes are used as given; the default sizes are limited to `max`.
fn sizes_to_measure(asked: &[usize], max: usize) -> Vec<usize> {
    let mut sizes = match asked {
        [] => DEFAULT_SIZES.map(|size| size.min(max)).to_vec(),
        _ => asked.to_vec(),
    };
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

#[cfg(test)]
mod tests {
    use super::sizes_to_measure;

    #[test]
    fn default_sizes_fit_limit_and_requested_sizes_stay() {
        assert_eq!(sizes_to_measure(&[], 8192), [0, 64, 1024, 8192]);
        assert_eq!(sizes_to_measure(&[], 500), [0, 64, 500]);
        assert_eq!(sizes_to_measure(&[70_000, 1, 1], 500), [1, 70_000]);
    }
}
