//! A way through the proxy that the environment names: a tunnel, asked for with CONNECT.
//!
//! Tunnels are used for plain HTTP as well, so that requests look the same with and without.

use hyper_util::client::proxy::matcher::Intercept;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::connect::{ConnectError, tcp};
use crate::limits;

pub(super) async fn tunnel(
    proxy: &Intercept,
    host: &str,
    port: u16,
) -> Result<TcpStream, ConnectError> {
    let uri = proxy.uri();
    // The address may carry a password, so only the host is ever shown.
    let name = uri.authority().map_or("", |authority| authority.as_str());
    let name = name.rsplit('@').next().unwrap_or_default().to_owned();
    let (Some("http"), Some(proxy_host)) = (uri.scheme_str(), uri.host()) else {
        return Err(ConnectError::ProxyKind { proxy: name });
    };
    let mut stream = tcp(
        proxy_host.trim_matches(['[', ']']),
        uri.port_u16().unwrap_or(80),
    )
    .await?;
    let request = request(proxy, host, port);
    stream
        .write_all(request.as_bytes())
        .await
        .map_err(ConnectError::Io)?;
    let answer = answer(&mut stream).await.map_err(ConnectError::Io)?;
    let line = answer.lines().next().unwrap_or_default().to_owned();
    if line.starts_with("HTTP/1.") && line.split(' ').nth(1) == Some("200") {
        return Ok(stream);
    }
    Err(ConnectError::Proxy {
        proxy: name,
        answer: line,
    })
}

fn request(proxy: &Intercept, host: &str, port: u16) -> String {
    let target = if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    };
    let login = proxy.basic_auth().and_then(|value| value.to_str().ok());
    let login = login
        .map(|value| format!("Proxy-Authorization: {value}\r\n"))
        .unwrap_or_default();
    format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{login}\r\n")
}

/// Reads up to the end of the head and not a byte further: what follows belongs to the tunnel.
async fn answer(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < limits::PROXY_ANSWER_BYTES {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

#[cfg(test)]
mod tests {
    use hyper_util::client::proxy::matcher::Matcher;
    use tokio::net::TcpListener;

    use super::*;

    async fn asked(answer: &'static str) -> (String, Result<String, ConnectError>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let proxies = Matcher::builder()
            .https(format!("http://u:p@{address}"))
            .build();
        let proxy = proxies
            .intercept(&"https://registry.example/".parse().unwrap())
            .unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = super::answer(&mut stream).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            request
        };
        let use_it = async {
            let mut rest = String::new();
            tunnel(&proxy, "registry.example", 443)
                .await?
                .read_to_string(&mut rest)
                .await
                .unwrap();
            Ok(rest)
        };
        tokio::join!(serve, use_it)
    }

    #[tokio::test]
    async fn a_tunnel_begins_right_after_the_head_of_the_answer() {
        let (request, rest) = asked("HTTP/1.1 200 OK\r\nA: b\r\n\r\ninside").await;
        assert!(request.starts_with("CONNECT registry.example:443 HTTP/1.1\r\n"));
        assert!(request.contains("Proxy-Authorization: Basic dTpw\r\n"));
        assert_eq!(rest.unwrap(), "inside");
    }

    #[tokio::test]
    async fn a_proxy_that_refuses_is_quoted_without_the_password() {
        let (_, refused) = asked("HTTP/1.1 403 Forbidden\r\n\r\n").await;
        let text = refused.unwrap_err().to_string();
        assert!(
            text.contains("403 Forbidden") && !text.contains("u:p"),
            "{text}"
        );
    }
}
