//! The results as JSON.

use serde_json::{Map, Value, json};

use super::results::{PERCENTILES, Results, Rounds, SizeResults};

pub(super) fn value(results: &Results) -> Value {
    results.sizes.iter().map(size_results).collect()
}

fn size_results(size_results: &SizeResults) -> Value {
    let percentile = |(name, permille)| {
        // Names without dots need no quotes in jq.
        (str::replace(name, '.', "_"), json!(size_results.round_trips.at_permille(permille)))
    };
    json!({
        "size": size_results.size,
        "pairs_per_second": rounds(&size_results.pairs),
        "stream_messages_per_second": rounds(&size_results.stream),
        "round_trips": size_results.round_trips.total(),
        "round_trip_ns": PERCENTILES.into_iter().map(percentile).collect::<Map<_, _>>(),
    })
}

fn rounds(rounds: &Rounds) -> Value {
    json!({
        "median": rounds.median().round(),
        "lowest": rounds.lowest().round(),
        "highest": rounds.highest().round(),
    })
}
