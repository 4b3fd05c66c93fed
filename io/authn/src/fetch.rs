//! One request to somebody outside, with bounds on time and size.

use bytes::{Bytes, BytesMut};
use http::Uri;

use gantry_base::chain;
use gantry_client::kubeconfig::Endpoint;
use gantry_client::{Call, Remote};

use crate::limits::{ANSWER_BYTES, PATIENCE};

/// The content of a URL whose host `authority` vouches for, or somebody whom this machine trusts.
pub(crate) async fn get(url: &str, authority: Option<&str>) -> Result<Bytes, String> {
    let failed = |why: &str| format!("fetch {url}: {why}");
    let uri: Uri = url
        .parse()
        .map_err(|error: http::uri::InvalidUri| failed(&error.to_string()))?;
    if uri.scheme_str() != Some("https") {
        return Err(failed("expected https://"));
    }
    let endpoint = Endpoint {
        host: uri
            .host()
            .unwrap_or_default()
            .trim_matches(['[', ']'])
            .to_owned(),
        port: uri.port_u16().unwrap_or(443),
        secure: true,
        authority_certificate: authority.map(|pem| pem.as_bytes().to_vec()),
        ..Endpoint::default()
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let remote = Remote::new(endpoint, "gantry").map_err(|error| failed(&chain(&error)))?;
    send(&remote, Call::get(path))
        .await
        .map_err(|why| failed(&why))
}

/// The whole answer to a request, if it comes in time and is not too long.
pub(crate) async fn send(remote: &Remote, call: Call) -> Result<Bytes, String> {
    match tokio::time::timeout(PATIENCE, whole(remote, call)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!(
            "there was no answer within {}s",
            PATIENCE.as_secs()
        )),
    }
}

async fn whole(remote: &Remote, call: Call) -> Result<Bytes, String> {
    let mut body = remote.stream(call).await.map_err(|error| chain(&error))?;
    let mut read = BytesMut::new();
    while let Some(chunk) = body.chunk().await.map_err(|error| chain(&error))? {
        if read.len() + chunk.len() > ANSWER_BYTES {
            return Err(format!("the answer is longer than {ANSWER_BYTES} bytes"));
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read.freeze())
}
