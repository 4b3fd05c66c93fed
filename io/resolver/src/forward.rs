//! Asking other servers.
//!
//! A query is passed on as it came, under a number drawn anew and from a fresh port, and the reply
//! is passed back as it comes, under the old number. A reply counts only if it comes from the server
//! that was asked, bears that number and repeats the question.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use gantry_dns::wire::Limit;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::limits::{DATAGRAM_BYTES, SERVER_PATIENCE, SERVERS};

/// The port on which servers listen.
const PORT: u16 = 53;

/// Asks servers in turn until one replies. Gives the reply under the query's own number.
pub(crate) async fn ask(servers: &[IpAddr], query: &[u8], limit: Limit) -> Option<Vec<u8>> {
    let id = query.get(..2)?;
    for server in servers.iter().take(SERVERS) {
        let server = SocketAddr::new(*server, PORT);
        if let Some(mut reply) = ask_one(server, query, limit).await {
            reply[..2].copy_from_slice(id);
            return Some(reply);
        }
    }
    None
}

/// Asks one server, over TCP only if the reply was cut and the client can take all of it.
pub(crate) async fn ask_one(server: SocketAddr, query: &[u8], limit: Limit) -> Option<Vec<u8>> {
    let mut query = query.to_vec();
    query
        .get_mut(..2)?
        .copy_from_slice(&drawn_id().to_be_bytes());
    let reply = timeout(SERVER_PATIENCE, over_datagram(server, &query)).await;
    let reply = reply.map_err(io::Error::from).flatten();
    match reply {
        Ok(reply) if limit == Limit::Stream && was_cut(&reply) => {
            let whole = timeout(SERVER_PATIENCE, over_stream(server, &query)).await;
            whole
                .map_err(io::Error::from)
                .flatten()
                .ok()
                .or(Some(reply))
        }
        Ok(reply) => Some(reply),
        Err(error) => {
            tracing::debug!(%server, %error, "a server did not answer");
            None
        }
    }
}

async fn over_datagram(server: SocketAddr, query: &[u8]) -> io::Result<Vec<u8>> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(query).await?;
    let mut buffer = vec![0; DATAGRAM_BYTES];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if is_reply(query, &buffer[..length]) {
            buffer.truncate(length);
            return Ok(buffer);
        }
    }
}

async fn over_stream(server: SocketAddr, query: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    write_framed(&mut stream, query).await?;
    let reply = read_framed(&mut stream).await?;
    let is_reply = is_reply(query, &reply);
    is_reply
        .then_some(reply)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Reads one message from a stream, where its length goes before it.
pub(crate) async fn read_framed(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_u16().await?;
    let mut message = vec![0; usize::from(length)];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

/// Writes one message to a stream, its length before it.
pub(crate) async fn write_framed(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend_from_slice(message);
    stream.write_all(&framed).await
}

fn was_cut(reply: &[u8]) -> bool {
    reply.get(2).is_some_and(|flags| flags & 0x02 != 0)
}

/// Whether a message replies to this query: same number, marked as an answer, same question.
fn is_reply(query: &[u8], reply: &[u8]) -> bool {
    let question = question(query);
    let is_answer = reply.get(2).is_some_and(|flags| flags & 0x80 != 0);
    let same_id = query.get(..2) == reply.get(..2);
    let repeated = reply.get(12..12 + question.len());
    let same_question = repeated.is_some_and(|repeated| repeated.eq_ignore_ascii_case(question));
    // A server that did not understand may leave the question out.
    let has_no_question = reply.get(4..6) == Some(&[0, 0]);
    is_answer && same_id && (same_question || has_no_question)
}

/// The name in a message's question; the query has been read before, so it is there.
fn question(query: &[u8]) -> &[u8] {
    let rest = query.get(12..).unwrap_or_default();
    let end = rest
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(rest.len());
    &rest[..end]
}

/// A number nobody can guess: the standard library seeds its hashers from the system.
fn drawn_id() -> u16 {
    let [high, low, ..] = RandomState::new().build_hasher().finish().to_ne_bytes();
    u16::from_ne_bytes([high, low])
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    fn query() -> Vec<u8> {
        let mut bytes = vec![1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        bytes.extend(b"\x03www\x07example\x00\x00\x01\x00\x01");
        bytes
    }

    #[test]
    fn only_a_reply_to_the_same_question_under_the_same_number_counts() {
        let reply = |edit: &dyn Fn(&mut Vec<u8>)| {
            let mut reply = query();
            reply[2] = 0x81;
            edit(&mut reply);
            is_reply(&query(), &reply)
        };
        assert!(reply(&|_| ()));
        assert!(
            reply(&|bytes| bytes[13] = b'W'),
            "letters may change their case"
        );
        assert!(!reply(&|bytes| bytes[0] = 9), "another number");
        assert!(!reply(&|bytes| bytes[2] = 0x01), "not an answer");
        assert!(!reply(&|bytes| bytes[14] = b'x'), "another question");
        assert!(!reply(&|bytes| bytes.truncate(20)), "cut short");
        assert!(
            reply(&|bytes| {
                bytes.truncate(12);
                bytes[5] = 0
            }),
            "no question at all"
        );
    }

    /// A server that cuts every datagram and says more over TCP.
    async fn cutting_server() -> SocketAddr {
        // A port that is free for datagrams may be taken for connections.
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            while let Ok((length, client)) = udp.recv_from(&mut buffer).await {
                udp.send_to(b"noise", client).await.unwrap();
                buffer[2] |= 0x82;
                udp.send_to(&buffer[..length], client).await.unwrap();
            }
        });
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = tcp.accept().await {
                let mut reply = read_framed(&mut stream).await.unwrap();
                reply[2] |= 0x80;
                reply.extend(b"and more");
                write_framed(&mut stream, &reply).await.unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn a_cut_reply_is_asked_for_again_over_tcp_only_if_the_client_can_take_it() {
        let server = cutting_server().await;
        let cut = ask_one(server, &query(), Limit::Datagram).await.unwrap();
        assert!(was_cut(&cut) && cut.len() == query().len());
        let whole = ask_one(server, &query(), Limit::Stream).await.unwrap();
        assert!(!was_cut(&whole) && whole.ends_with(b"and more"));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_no_reply() {
        let nobody = UdpSocket::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        assert_eq!(ask_one(nobody, &query(), Limit::Datagram).await, None);
    }
}
