//! One question and its answer, over a connection of its own.

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use gantry_registry::question::{Destination, Question};

use crate::error::CallError;
use crate::limits::{ANSWER_BYTES, HEADER_BYTES, SHOWN_LETTERS};
use crate::tls;

const JSON: &str = "application/json";
const AGENT: &str = "gantry";

/// Asks, and waits for the answer. Whoever gives up drops the future, and with it the connection.
pub(crate) async fn ask(question: &Question) -> Result<Bytes, CallError> {
    let stream = connect(&question.destination).await?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEADER_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(CallError::Http)?;
    let answered = async {
        let request = request(question);
        let response = sender.send_request(request).await;
        read(response.map_err(CallError::Http)?).await
    };
    tokio::pin!(answered);
    tokio::select! {
        biased;
        answer = &mut answered => return answer,
        ended = connection => gantry_base::ignore(ended, "whoever reads from it is told"),
    }
    // All that came is there to be read, even when the other side left without a word.
    answered.await
}

async fn connect(to: &Destination) -> Result<TlsStream<TcpStream>, CallError> {
    let config = tls::config(to.authority.as_deref())?;
    let name = ServerName::try_from(to.host.clone());
    let name = name.map_err(|_| CallError::Name(to.host.clone()))?;
    let (host, port) = &to.connect;
    let failed = |source| CallError::Dial {
        address: format!("{host}:{port}"),
        source,
    };
    let stream = TcpStream::connect((host.as_str(), *port))
        .await
        .map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let connector = TlsConnector::from(config);
    connector
        .connect(name, stream)
        .await
        .map_err(CallError::Tls)
}

fn request(question: &Question) -> Request<Full<Bytes>> {
    let to = &question.destination;
    let authority = to.url.strip_prefix("https://").unwrap_or(&to.url);
    let authority = authority.split('/').next().unwrap_or(authority);
    let request = Request::builder()
        .method(Method::POST)
        .uri(&to.path)
        .header(HOST, authority)
        .header(CONTENT_TYPE, JSON)
        .header(ACCEPT, JSON)
        .header(USER_AGENT, AGENT)
        .body(Full::new(question.body.clone()));
    // What cannot be sent reaches nobody, and is answered by the server as what it is.
    request.unwrap_or_default()
}

async fn read(response: Response<Incoming>) -> Result<Bytes, CallError> {
    let status = response.status();
    if status.is_redirection() {
        return Err(CallError::Other {
            code: status.as_u16(),
        });
    }
    let body = whole(response.into_body()).await?;
    match status {
        status if status.is_success() => Ok(body),
        StatusCode::NOT_FOUND => Err(CallError::NotFound),
        status if status.is_server_error() => Err(CallError::Server { page: shown(&body) }),
        status => Err(CallError::Other {
            code: status.as_u16(),
        }),
    }
}

/// All of a body that is not too long.
async fn whole(mut body: Incoming) -> Result<Bytes, CallError> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(CallError::Http)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if read.len() + data.len() > ANSWER_BYTES {
            let limit = ANSWER_BYTES;
            return Err(CallError::TooLong { limit });
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

/// The beginning of an error page.
fn shown(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.trim().chars().take(SHOWN_LETTERS).collect()
}
