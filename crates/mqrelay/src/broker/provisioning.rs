//! Streams and consumers: found, made where asked to, or told to be missing.

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{self, ConsumerErrorKind, RetentionPolicy, Stream};

use super::session::Session;
use crate::config::{Config, InRoute, OutRoute, StreamPlan, covers};
use crate::error::{Error, Result, Within, whole};

/// How long the server waits for an acknowledgement before it delivers again.
pub(crate) const ACK_WAIT: Duration = Duration::from_secs(30);

/// What may be made, if anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Provision {
    /// Whether anything is.
    pub(crate) create: bool,
    /// How streams are made.
    pub(crate) plans: Vec<StreamPlan>,
}

impl Provision {
    pub(crate) fn new(config: &Config) -> Self {
        Self { create: config.create, plans: config.streams.clone() }
    }

    /// Sees that the stream of an out route stores its subject.
    pub(crate) async fn out(&self, session: &Session, route: &OutRoute) -> Result<()> {
        let stream = self.stream(session, &route.stream).await?;
        let subjects = &stream.cached_info().config.subjects;
        if subjects.iter().any(|pattern| covers(pattern, &route.subject)) {
            return Ok(());
        }
        Err(Error::new(format!(
            "stream {} does not store the subject {}, only {}: add it, by nats stream edit {} \
             --subjects, or change the route's subject",
            route.stream,
            route.subject,
            subjects.join(", "),
            route.stream,
        )))
    }

    /// Sees that an in route has its consumer, and a place for dead letters.
    pub(crate) async fn inward(&self, session: &Session, route: &InRoute) -> Result<PullConsumer> {
        self.stream(session, &route.stream).await?;
        let consumer = self.consumer(session, route).await?;
        let AckPolicy::Explicit = consumer.cached_info().config.ack_policy else {
            return Err(Error::new(format!(
                "consumer {} of stream {} must have the acknowledgement policy explicit: with any \
                 other one messages are lost",
                route.consumer, route.stream
            )));
        };
        self.dead_letters(session, route).await?;
        Ok(consumer)
    }

    async fn stream(&self, session: &Session, name: &str) -> Result<Stream> {
        let error = match session.jetstream.get_stream(name).await {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        let is_missing = matches!(
            error.kind(),
            GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND
        );
        if !is_missing {
            return Err(Error::new(whole(&error)).within(format!("stream {name}")));
        }
        let plan = self.plans.iter().find(|plan| plan.name == name);
        match plan {
            Some(plan) if self.create => make_stream(session, plan).await,
            _ => Err(Error::new(format!(
                "stream {name} is missing: start mqrelay with --create, or make it by nats stream \
                 add {name} --subjects {}",
                plan.map_or(String::new(), |plan| format!("{:?}", plan.subjects.join(","))),
            ))),
        }
    }

    async fn consumer(&self, session: &Session, route: &InRoute) -> Result<PullConsumer> {
        let InRoute { consumer: name, stream, .. } = route;
        let jetstream = &session.jetstream;
        let error = match jetstream.get_consumer_from_stream(name, stream).await {
            Ok(consumer) => return Ok(consumer),
            Err(error) => error,
        };
        let place = format!("consumer {name} of stream {stream}");
        let is_missing = matches!(
            error.kind(),
            ConsumerErrorKind::JetStream(error) if error.error_code() == ErrorCode::CONSUMER_NOT_FOUND
        );
        if !is_missing {
            return Err(Error::new(whole(&error)).within(place));
        }
        if !self.create {
            return Err(Error::new(format!(
                "{place} is missing: start mqrelay with --create, or make it by nats consumer add \
                 {stream} {name} --pull --ack explicit --filter {:?}",
                route.subject
            )));
        }
        let config = pull::Config {
            durable_name: Some(name.clone()),
            filter_subject: route.subject.clone(),
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_ack_pending: i64::try_from(4 * route.batch).unwrap_or(i64::MAX),
            ..pull::Config::default()
        };
        let made = jetstream.create_consumer_on_stream(config, stream).await;
        made.map_err(|error| whole(&error)).within(format!("making {place}"))
    }

    async fn dead_letters(&self, session: &Session, route: &InRoute) -> Result<()> {
        let subject = &route.dead_letter;
        let found = session.jetstream.stream_by_subject(subject.as_str()).await;
        if found.is_ok() {
            return Ok(());
        }
        let plan = self.plans.iter().find(|plan| plan.subjects.iter().any(|p| covers(p, subject)));
        match plan {
            Some(plan) if self.create => make_stream(session, plan).await.map(drop),
            _ => Err(Error::new(format!(
                "no stream stores the dead-letter subject {subject}: start mqrelay with --create, \
                 or make one by nats stream add --subjects {subject}",
            ))),
        }
    }
}

async fn make_stream(session: &Session, plan: &StreamPlan) -> Result<Stream> {
    let config = stream::Config {
        name: plan.name.clone(),
        subjects: plan.subjects.clone(),
        num_replicas: plan.replicas,
        duplicate_window: Duration::from_secs(plan.duplicate_window),
        max_bytes: plan.max_bytes,
        retention: if plan.work_queue {
            RetentionPolicy::WorkQueue
        } else {
            RetentionPolicy::Limits
        },
        // Full means full: the publisher keeps the message, and nothing old is thrown away.
        discard: stream::DiscardPolicy::New,
        ..stream::Config::default()
    };
    let made = session.jetstream.get_or_create_stream(config).await;
    made.map_err(|error| whole(&error)).within(format!("making stream {}", plan.name))
}
