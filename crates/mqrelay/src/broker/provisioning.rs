//! Finds the streams and consumers of the routes, and creates missing ones if configured to.

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{self, ConsumerErrorKind, RetentionPolicy, Stream};

use super::session::Session;
use crate::config::{Config, InboundRoute, OutboundRoute, StreamSpec, covers};
use crate::error::{Error, Result, ResultExt, error_chain};

/// How long the server waits for an acknowledgement before it redelivers.
pub(crate) const ACK_WAIT: Duration = Duration::from_secs(30);

/// Finds or creates streams and consumers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Provisioner {
    /// Whether to create what is missing.
    pub(crate) create_missing: bool,
    /// How to create streams.
    pub(crate) stream_specs: Vec<StreamSpec>,
}

impl Provisioner {
    pub(crate) fn new(config: &Config) -> Self {
        Self { create_missing: config.create_missing, stream_specs: config.streams.clone() }
    }

    /// Ensures that the route's stream exists and stores its subject.
    pub(crate) async fn ensure_outbound(
        &self,
        session: &Session,
        route: &OutboundRoute,
    ) -> Result<()> {
        let stream = self.ensure_stream(session, &route.stream).await?;
        let subjects = &stream.cached_info().config.subjects;
        if subjects.iter().any(|pattern| covers(pattern, &route.subject)) {
            return Ok(());
        }
        Err(Error::new(format!(
            "stream {} does not store the subject {}, only {}: add it with nats stream edit {} \
             --subjects, or change the route's subject",
            route.stream,
            route.subject,
            subjects.join(", "),
            route.stream,
        )))
    }

    /// Ensures that the route's consumer exists, and that a stream stores its dead letters.
    pub(crate) async fn ensure_inbound(
        &self,
        session: &Session,
        route: &InboundRoute,
    ) -> Result<PullConsumer> {
        self.ensure_stream(session, &route.stream).await?;
        let consumer = self.ensure_consumer(session, route).await?;
        let AckPolicy::Explicit = consumer.cached_info().config.ack_policy else {
            return Err(Error::new(format!(
                "consumer {} of stream {} must have the acknowledgement policy explicit: any \
                 other policy loses messages",
                route.consumer, route.stream
            )));
        };
        self.ensure_dead_letter_stream(session, route).await?;
        Ok(consumer)
    }

    async fn ensure_stream(&self, session: &Session, name: &str) -> Result<Stream> {
        let error = match session.jetstream.get_stream(name).await {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        let is_missing = matches!(
            error.kind(),
            GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND
        );
        if !is_missing {
            return Err(Error::new(error_chain(&error)).context(format!("stream {name}")));
        }
        let spec = self.stream_specs.iter().find(|spec| spec.name == name);
        match spec {
            Some(spec) if self.create_missing => create_stream(session, spec).await,
            _ => Err(Error::new(format!(
                "stream {name} is missing: start mqrelay with --create, or create it with nats \
                 stream add {name} --subjects {}",
                spec.map_or(String::new(), |spec| format!("{:?}", spec.subjects.join(","))),
            ))),
        }
    }

    async fn ensure_consumer(
        &self,
        session: &Session,
        route: &InboundRoute,
    ) -> Result<PullConsumer> {
        let InboundRoute { consumer: name, stream, .. } = route;
        let jetstream = &session.jetstream;
        let error = match jetstream.get_consumer_from_stream(name, stream).await {
            Ok(consumer) => return Ok(consumer),
            Err(error) => error,
        };
        let location = format!("consumer {name} of stream {stream}");
        let is_missing = matches!(
            error.kind(),
            ConsumerErrorKind::JetStream(error) if error.error_code() == ErrorCode::CONSUMER_NOT_FOUND
        );
        if !is_missing {
            return Err(Error::new(error_chain(&error)).context(location));
        }
        if !self.create_missing {
            return Err(Error::new(format!(
                "{location} is missing: start mqrelay with --create, or create it with nats consumer add \
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
        let created = jetstream.create_consumer_on_stream(config, stream).await;
        created.map_err(|error| error_chain(&error)).context(format!("creating {location}"))
    }

    async fn ensure_dead_letter_stream(
        &self,
        session: &Session,
        route: &InboundRoute,
    ) -> Result<()> {
        let subject = &route.dead_letter;
        let found = session.jetstream.stream_by_subject(subject.as_str()).await;
        if found.is_ok() {
            return Ok(());
        }
        let spec =
            self.stream_specs.iter().find(|spec| spec.subjects.iter().any(|p| covers(p, subject)));
        match spec {
            Some(spec) if self.create_missing => create_stream(session, spec).await.map(drop),
            _ => Err(Error::new(format!(
                "no stream stores the dead-letter subject {subject}: start mqrelay with --create, \
                 or create one with nats stream add --subjects {subject}",
            ))),
        }
    }
}

async fn create_stream(session: &Session, spec: &StreamSpec) -> Result<Stream> {
    let config = stream::Config {
        name: spec.name.clone(),
        subjects: spec.subjects.clone(),
        num_replicas: spec.replicas,
        duplicate_window: Duration::from_secs(spec.duplicate_window),
        max_bytes: spec.max_bytes,
        retention: if spec.work_queue {
            RetentionPolicy::WorkQueue
        } else {
            RetentionPolicy::Limits
        },
        // A full stream rejects new messages, which stay in the journal. The default would delete
        // old ones.
        discard: stream::DiscardPolicy::New,
        ..stream::Config::default()
    };
    let created = session.jetstream.get_or_create_stream(config).await;
    created.map_err(|error| error_chain(&error)).context(format!("creating stream {}", spec.name))
}
