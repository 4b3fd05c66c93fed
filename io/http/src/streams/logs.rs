//! `log`: what a container wrote, and what it goes on to write.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use gantry_api::Rejection;
use http::{Request, Response};
use hyper::body::Incoming;

use crate::body::{self, Body, BodyError};
use crate::front::Front;
use crate::nodes::{LogOptions, LogSource, Since};
use crate::pods;
use crate::query::Query;
use crate::respond;
use crate::route::StreamCall;
use crate::streams::{feed, upgrade};

const TEXT: &str = "text/plain";

/// Opens a log.
pub(crate) async fn open(
    front: &Arc<Front>,
    call: &StreamCall,
    request: Request<Incoming>,
) -> Result<Response<Body>, Rejection> {
    let pod = pods::find(front, &call.namespace, &call.name).await?;
    let container = pods::container(&pod, call.query.get("container"))?;
    let options = options(&call.query, container)?;
    if pods::node(&pod).is_none() {
        // Nothing has been written yet, which is an answer and no error.
        return Ok(respond::with_type("", TEXT));
    }
    pods::check_log(&pod, &options.container, options.previous)?;
    let log = front.nodes.logs(pods::reference(&pod)?, options).await?;
    let pieces = log.map(|piece| piece.map_err(BodyError::from));
    let content = pieces.take_until(Box::pin(front.stopped())).boxed();
    if upgrade::is_asked(request.headers()) {
        return feed::over_socket(front, request, content);
    }
    let mut response = respond::with_type("", TEXT);
    *response.body_mut() = body::streaming(content);
    Ok(response)
}

fn options(query: &Query, container: String) -> Result<LogOptions, Rejection> {
    Ok(LogOptions {
        container,
        follow: query.flag("follow"),
        previous: query.flag("previous"),
        tail_lines: query.number("tailLines")?,
        since: since(query)?,
        limit_bytes: query.number("limitBytes")?,
        timestamps: query.flag("timestamps"),
        stream: match query.get("stream") {
            None | Some("All") => None,
            Some("Stdout") => Some(LogSource::Stdout),
            Some("Stderr") => Some(LogSource::Stderr),
            Some(other) => {
                return Err(Rejection::bad_request(format!(
                    "stream: Unsupported value: {other:?}: supported values: \"All\", \
                     \"Stderr\", \"Stdout\""
                )));
            }
        },
    })
}

fn since(query: &Query) -> Result<Option<Since>, Rejection> {
    match (query.number("sinceSeconds")?, query.get("sinceTime")) {
        (None, None) => Ok(None),
        (Some(seconds), None) => Ok(Some(Since::Ago(Duration::from_secs(seconds)))),
        (None, Some(time)) => {
            let time = time.parse().map_err(|_| {
                Rejection::bad_request(format!(
                    "invalid value {time:?} for sinceTime: expected a form such as \
                     2026-01-31T12:00:00Z"
                ))
            })?;
            Ok(Some(Since::Time(time)))
        }
        (Some(_), Some(_)) => Err(Rejection::bad_request(
            "at most one of `sinceTime` or `sinceSeconds` may be specified",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_as_kubectl_sends_them() {
        let query = Query::parse(Some(
            "container=c&follow=true&sinceSeconds=60&tailLines=5&timestamps=true",
        ));
        let expected = LogOptions {
            container: "c".into(),
            follow: true,
            tail_lines: Some(5),
            since: Some(Since::Ago(Duration::from_secs(60))),
            timestamps: true,
            ..LogOptions::default()
        };
        assert_eq!(options(&query, "c".into()), Ok(expected));
    }

    #[test]
    fn two_beginnings_are_one_too_many() {
        let query = Query::parse(Some("sinceSeconds=60&sinceTime=2026-01-31T12:00:00Z"));
        assert!(options(&query, "c".into()).is_err());
        assert!(options(&Query::parse(Some("tailLines=-1")), "c".into()).is_err());
    }
}
