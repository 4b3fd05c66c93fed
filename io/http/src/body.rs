//! Bodies of answers: pieces that are ready, or frames that come as they happen.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;

use gantry_gateway::WatchStream;

/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, BodyError>;
/// What ends a body early; the client sees that it is not whole.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Bytes that are ready.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    let whole = Full::new(bytes.into());
    whole
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

/// Pieces sent one after the other without joining them, each taken when there is room for it.
pub(crate) fn pieces(pieces: impl IntoIterator<Item = Bytes, IntoIter: Send + 'static>) -> Body {
    let mut pieces = pieces.into_iter();
    let first = pieces.next().unwrap_or_default();
    let Some(second) = pieces.next() else {
        return full(first);
    };
    let all = [first, second].into_iter().chain(pieces);
    let frames = all.map(|piece| Ok(Frame::data(piece)));
    StreamBody::new(stream::iter(frames)).boxed_unsync()
}

/// Pieces that come as they happen; the body ends when the stream does.
pub(crate) fn streaming<S>(pieces: S) -> Body
where
    S: Stream<Item = Result<Bytes, BodyError>> + Send + 'static,
{
    StreamBody::new(pieces.map(|piece| piece.map(Frame::data))).boxed_unsync()
}

/// The same body, which keeps `guard` alive until it ends or is dropped.
pub(crate) fn holding(body: Body, guard: impl Send + 'static) -> Body {
    body.map_frame(move |frame| {
        let _held = &guard;
        frame
    })
    .boxed_unsync()
}

/// A watch's frames, each sent at once, until the watch is over or `stopped` resolves.
pub(crate) fn streamed(
    watch: WatchStream,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> Response<Body> {
    let content_type = watch.encoding().stream_type();
    let frames = stream::unfold(watch, |mut watch| async move {
        let frame = watch.next().await?;
        Some((Ok(frame), watch))
    });
    let mut response = Response::new(streaming(frames.take_until(Box::pin(stopped))));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
