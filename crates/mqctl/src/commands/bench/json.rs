//! The results as JSON.

use serde_json::{Map, Value, json};

use super::results::{OfSize, PERCENTILES, Results, Rounds};

pub(super) fn value(results: &Results) -> Value {
    results.sizes.iter().map(of_size).collect()
}

fn of_size(of_size: &OfSize) -> Value {
    let percentile = |(name, permille)| {
        // A name that needs no quotes in jq.
        (str::replace(name, '.', "_"), json!(of_size.round_trips.within(permille)))
    };
    json!({
        "size": of_size.size,
        "pairs_per_second": rounds(&of_size.pairs),
        "stream_messages_per_second": rounds(&of_size.stream),
        "round_trips": of_size.round_trips.total(),
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
